#include "rpc/audit_log/verifier.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "rpc/audit_log/checkpoint.h"

namespace chancery::rpc {
namespace {

constexpr size_t kMaxFindings = 1000;

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

void AuditVerifier::CheckSigned(const At& at, const AuditLine& line,
                                absl::string_view text) {
  ++result_.unsigned_lines;
  if (line.record.event == AuditEvent::kCheckpoint) {
    const absl::Status checked = CheckCheckpoint(line, options_.service_ca);
    if (checked.ok()) {
      ++result_.checkpoints;
      result_.newest_checkpoint = std::string(text);
      result_.unsigned_lines = 0;
    } else {
      Find(at, std::string(checked.message()));
    }
  }
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
