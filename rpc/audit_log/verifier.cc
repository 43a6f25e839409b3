#include "rpc/audit_log/verifier.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "rpc/audit_log/checkpoint.h"

namespace chancery::rpc {
namespace {

constexpr size_t kMaxFindings = 1000;
// From the checkpoint's own time until the next is due: clocks are adjusted.
constexpr absl::Duration kSlack = absl::Seconds(5);

std::string Lines(uint64_t count) {
  return count == 1 ? "1 line" : absl::StrCat(count, " lines");
}

}  // namespace

absl::Status AuditVerifier::AddAnchor(absl::string_view text) {
  ASSIGN_OR_RETURN(const AuditLine line, ParseAuditLine(text));
  if (line.record.event != AuditEvent::kCheckpoint) {
    return absl::InvalidArgumentError("an anchor is a checkpoint line");
  }
  RETURN_IF_ERROR(CheckCheckpoint(line, options_.service_ca));
  if (!anchored_service_.empty() && anchored_service_ != line.service) {
    return absl::InvalidArgumentError(absl::StrCat(
        "anchors of ", anchored_service_, " and of ", line.service));
  }
  anchored_service_ = line.service;
  const auto [at, added] = anchors_.emplace(line.sequence, std::string(text));
  if (added || at->second == text) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("two anchors of line ", line.sequence,
                   " differ: the service wrote two logs"));
}

void AuditVerifier::Find(const At& at, std::string what) {
  if (result_.findings.size() >= kMaxFindings) return;
  result_.findings.push_back(
      {.file = at.file, .line = at.line, .what = std::move(what)});
}

void AuditVerifier::AddFile(const std::string& name,
                            absl::string_view content) {
  At at{.file = name};
  while (!content.empty()) {
    ++at.line;
    const size_t size = content.find('\n');
    if (size == absl::string_view::npos) {
      Find(at, absl::StrCat("an unfinished line of ", content.size(),
                            " bytes: a crash leaves one, which the service's "
                            "next start drops"));
      return;
    }
    AddLine(at, content.substr(0, size));
    content.remove_prefix(size + 1);
  }
}

void AuditVerifier::AddLine(const At& at, absl::string_view text) {
  ++result_.lines;
  const auto line = ParseAuditLine(text);
  if (line.ok()) {
    if (!began_) {
      result_.first_sequence = line->sequence;
      result_.service = line->service;
    }
    CheckChain(at, *line);
    CheckSigned(at, *line, text);
    sequence_ = line->sequence + 1;
    result_.last_sequence = line->sequence;
  } else {
    Find(at, "is not a line of an audit log");
    ++sequence_;
  }
  began_ = true;
  before_ = at;
  hash_ = AuditLineHash(text);
}

void AuditVerifier::CheckChain(const At& at, const AuditLine& line) {
  if (line.service != result_.service) {
    Find(at, absl::StrCat("is of ", line.service, ", the log of ",
                          result_.service));
  }
  if (!began_) {
    // Of a log from its beginning; later files are given without the first.
    if (line.sequence == 0 &&
        line.previous != std::string(line.previous.size(), '\0')) {
      Find(at, "is the first line, and says that there was one before");
    }
    return;
  }
  if (line.sequence > sequence_) {
    Find(at, absl::StrCat("has sequence ", line.sequence, " after ",
                          sequence_ - 1, ": ", Lines(line.sequence - sequence_),
                          " missing before it"));
  } else if (line.sequence < sequence_) {
    Find(at, absl::StrCat("has sequence ", line.sequence, " after ",
                          sequence_ - 1, ": out of order, or there twice"));
  } else if (line.previous != hash_) {
    Find(before_, absl::StrCat("was changed: the next line says that its hash "
                               "was ",
                               base::Hex(base::AsBytes(line.previous))));
  }
}

void AuditVerifier::FollowUncovered(const At& at, const AuditRecord& record) {
  if (first_uncovered_.line == 0) first_uncovered_ = at;
  // A line that counts what was folded may be from an interval before.
  if (!due_.has_value()) {
    due_ = record.time + 2 * options_.checkpoint_interval + kSlack;
  }
  if (record.event == AuditEvent::kRecovered) EndUncovered(true);
  if (record.event == AuditEvent::kStarted) {
    EndUncovered(false);
    due_ = std::min(*due_, record.time + kSlack);
  }
  if (record.event == AuditEvent::kRecovered ||
      record.event == AuditEvent::kStarted) {
    return;
  }
  only_starts_ = false;
  if (record.time <= *due_) return;
  if (late_.lines == 0) {
    late_ = {.first = at, .from = record.time, .to = record.time};
  }
  ++late_.lines;
  late_.last = at;
  late_.from = std::min(late_.from, record.time);
  late_.to = std::max(late_.to, record.time);
}

void AuditVerifier::EndUncovered(bool in_one_write) {
  const Late late = std::exchange(late_, {});
  if (late.lines == 0) return;
  if (in_one_write &&
      late.to - late.from <= options_.checkpoint_interval + kSlack) {
    return;
  }
  Find(first_uncovered_,
       absl::StrCat(
           "from here on nothing vouches for the log, up to ", late.last.file,
           ":", late.last.line, ": a checkpoint was due by ",
           absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", *due_, absl::UTCTimeZone()),
           ", and ", Lines(late.lines),
           " that say that they are younger stand without one. They may have "
           "been written anew"));
}

void AuditVerifier::NoteWhatIsOpen() {
  if (options_.service_ca.empty()) {
    result_.notes.push_back(
        "whose certificates signed the checkpoints was not checked, so anybody "
        "may have: name the service CA with --trust");
  }
  if (result_.unsigned_lines == 0 || first_uncovered_.line == 0) return;
  result_.notes.push_back(absl::StrCat(
      "nothing vouches for the last ", Lines(result_.unsigned_lines), ", from ",
      first_uncovered_.file, ":", first_uncovered_.line,
      " on: a service signs within ",
      absl::FormatDuration(options_.checkpoint_interval),
      ", when it ends, and when it starts"));
}

void AuditVerifier::CheckSigned(const At& at, const AuditLine& line,
                                absl::string_view text) {
  ++result_.unsigned_lines;
  if (line.record.event == AuditEvent::kCheckpoint) {
    const absl::Status checked = CheckCheckpoint(line, options_.service_ca);
    if (checked.ok()) {
      ++result_.checkpoints;
      result_.newest_checkpoint = std::string(text);
      result_.unsigned_lines = 0;
      EndUncovered(true);
      first_uncovered_ = {};
      due_ = line.record.time + options_.checkpoint_interval + kSlack;
    } else {
      Find(at, std::string(checked.message()));
    }
  }
  if (result_.unsigned_lines > 0) FollowUncovered(at, line.record);
  const auto anchor = anchors_.find(line.sequence);
  if (anchor == anchors_.end()) return;
  if (anchor->second == text) {
    ++result_.anchors;
  } else {
    Find(at,
         "is not what its anchor says: it, or what is before it, was "
         "written anew");
  }
}

AuditVerification AuditVerifier::Finish() {
  const At nowhere;
  if (result_.lines == 0) Find(nowhere, "there is no line in it");
  if (result_.checkpoints == 0 && !only_starts_ &&
      options_.checkpoint_interval != absl::InfiniteDuration()) {
    Find(first_uncovered_,
         "from here on nothing vouches for the log: there is no checkpoint in "
         "it that holds, and a service signs one with its first line");
  } else {
    EndUncovered(false);
  }
  NoteWhatIsOpen();
  for (const auto& [sequence, text] : anchors_) {
    if (began_ && sequence >= result_.first_sequence && sequence < sequence_) {
      continue;
    }
    if (began_ && sequence < result_.first_sequence) {
      Find(nowhere,
           absl::StrCat("begins with sequence ", result_.first_sequence,
                        ", and an anchor is "
                        "of ",
                        sequence, ": give the files before, too"));
    } else {
      Find(nowhere, absl::StrCat("ends before sequence ", sequence,
                                 ", of which there is an anchor: its end was "
                                 "cut off"));
    }
  }
  return std::move(result_);
}

}  // namespace chancery::rpc
