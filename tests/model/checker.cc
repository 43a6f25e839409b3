#include "tests/model/checker.h"

#include <algorithm>
#include <variant>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "block/block.h"
#include "block/delta.h"
#include "block/manifest.h"
#include "ledger/entry.h"
#include "x509/crl/crl.h"

namespace chancery::model {
namespace {

std::string Name(const std::string& serial) {
  return base::Hex(base::AsBytes(serial));
}

absl::Time Second(absl::Time time) {
  return absl::FromUnixSeconds(absl::ToUnixSeconds(time));
}

}  // namespace

void Checker::Fail(const std::string& what) {
  if (violation_.empty()) violation_ = what;
}

void Checker::Issued(const std::string& request_id, const std::string& serial,
                     const std::string& der, absl::Time not_after,
                     absl::Time now) {
  trace_.Add("issued", request_id, Name(serial), Trace::Brief(der));
  const auto [request, first] = requests_.emplace(request_id, serial);
  if (!first && request->second != serial) {
    Fail(absl::StrCat("request ", request_id, " led to ", Name(request->second),
                      " and to ", Name(serial)));
  }
  const auto [at, added] = certificates_.emplace(serial, Certificate());
  if (added) {
    at->second.der = der;
    at->second.not_after = not_after;
    at->second.status_at = now;
  } else if (at->second.der != der) {
    Fail(absl::StrCat("serial ", Name(serial), " has two certificates"));
  } else if (first) {
    Fail(absl::StrCat("serial ", Name(serial), " was given out twice"));
  }
}

void Checker::StatusAsked(const std::string& serial,
                          std::optional<int> reason) {
  Certificate& certificate = certificates_[serial];
  certificate.uncertain = true;
  if (reason.has_value()) {
    certificate.reasons_asked.insert(*reason);
  } else {
    certificate.release_asked = true;
  }
}

void Checker::StatusAnswered(const std::string& serial,
                             CertificateStatus status, int reason,
                             absl::Time now) {
  trace_.Add("status", Name(serial), static_cast<int>(status), reason,
             absl::ToUnixMicros(now));
  Certificate& certificate = certificates_[serial];
  if (certificate.status == CertificateStatus::kRevoked &&
      status != CertificateStatus::kRevoked) {
    Fail(absl::StrCat("serial ", Name(serial), " is revoked no more"));
  }
  certificate.status = status;
  certificate.reason = reason;
  certificate.status_at = now;
  certificate.uncertain = false;
}

void Checker::SeeLedger(const std::string& serial,
                        const absl::StatusOr<signer::CertificateState>& state) {
  const Certificate& known = certificates_[serial];
  if (!state.ok()) {
    Fail(absl::StrCat("ledger: lost the issuance of ", Name(serial), ": ",
                      std::string(state.status().message())));
    return;
  }
  if (known.uncertain) return;
  if (state->status != known.status || state->reason != known.reason) {
    Fail(absl::StrCat("ledger: ", Name(serial), " has status ",
                      static_cast<int>(state->status), " reason ",
                      static_cast<int>(state->reason), ", acknowledged were ",
                      static_cast<int>(known.status), " and ", known.reason));
  }
}

void Checker::SeeUpdate(const block::Update& update) {
  trace_.Add("update", Name(update.block_id), update.version,
             update.base_version, Trace::Brief(update.content));
  const base::Bytes content = base::AsBytes(update.content);
  absl::StatusOr<block::Manifest> manifest;
  if (update.is_delta()) {
    const auto delta = block::Delta::Parse(content);
    manifest = delta.ok() ? absl::StatusOr<block::Manifest>(delta->manifest)
                          : delta.status();
  } else {
    manifest = block::ManifestOf(content);
  }
  if (!manifest.ok()) {
    Fail(absl::StrCat("signer: an update that does not parse: ",
                      std::string(manifest.status().message())));
    return;
  }
  // A whole block that was put together from deltas has the last one's.
  const auto [at, first] =
      manifests_.emplace(std::pair(update.block_id, manifest->version),
                         block::EncodeManifest(*manifest));
  if (!first && at->second != block::EncodeManifest(*manifest)) {
    Fail(absl::StrCat("block ", Name(update.block_id), " has two manifests ",
                      manifest->version));
  }
}

void Checker::SeeCrl(const std::string& der, absl::Time now) {
  trace_.Add("crl", Trace::Brief(der));
  const auto crl = x509::ParseCrl(base::AsBytes(der));
  if (!crl.ok() || !crl->number.has_value()) {
    Fail("signer: a CRL that does not parse");
    return;
  }
  // Who asks for it again gets the same.
  if (*crl->number == crl_number_ && der == crl_der_) return;
  if (*crl->number <= crl_number_) {
    Fail(absl::StrCat("CRL number ", *crl->number, " after ", crl_number_));
  }
  crl_number_ = *crl->number;
  crl_der_ = der;
  std::set<std::string> listed;
  (void)x509::ForEachEntry(*crl, [&](const x509::CrlEntry& entry) {
    listed.insert(base::ToString(entry.serial));
    return absl::OkStatus();
  });
  if (crl->this_update > now) Fail("a CRL from the future");
  for (const auto& [serial, certificate] : certificates_) {
    const bool on = listed.contains(serial);
    if (on && certificate.reasons_asked.empty()) {
      Fail(absl::StrCat("CRL: lists ", Name(serial), ", which nobody revoked"));
    }
    if (!on && !certificate.uncertain &&
        certificate.status != CertificateStatus::kGood &&
        certificate.not_after > crl->this_update) {
      Fail(absl::StrCat("CRL ", *crl->number, ": lacks ", Name(serial),
                        ", which was revoked before"));
    }
  }
}

void Checker::SeeAnswer(int responder, const std::string& serial,
                        const Answer& answer, absl::Time now) {
  trace_.Add("answer", responder, Name(serial), static_cast<int>(answer.kind),
             Trace::Brief(answer.der));
  const std::string name =
      absl::StrCat("responder ", responder, ": ", Name(serial));
  if (answer.kind == Answer::Kind::kNone) return;
  const auto found = certificates_.find(serial);
  if (found == certificates_.end()) {
    Fail(name + " was never issued and is answered for");
    return;
  }
  const Certificate& certificate = found->second;
  if (answer.this_update > now) Fail(name + " is answered from the future");
  if (answer.next_update > signer_end_) {
    Fail(name + " has a nextUpdate past its signer's end");
  }
  if (answer.kind == Answer::Kind::kRevoked) {
    if (!certificate.reasons_asked.contains(answer.reason)) {
      Fail(absl::StrCat(name, " is revoked with reason ", answer.reason,
                        ", which nobody asked for"));
    }
    if (answer.revoked_at > answer.this_update) {
      Fail(name + " states a revocation after its thisUpdate");
    }
  } else if (!certificate.release_asked &&
             certificate.status != CertificateStatus::kGood &&
             answer.this_update > Second(certificate.status_at)) {
    Fail(name + " is good in a response made after its revocation");
  }
  Answer& before = answers_[{responder, serial}];
  CheckOrder(before, answer, name);
  if (before.kind == Answer::Kind::kRevoked &&
      answer.kind == Answer::Kind::kGood && !certificate.release_asked) {
    Fail(name + " was revoked and is good");
  }
  before = answer;
}

void Checker::CheckOrder(const Answer& before, const Answer& now,
                         const std::string& name) {
  if (before.kind == Answer::Kind::kNone || before.der == now.der) return;
  // The same record in two CertID forms has one time.
  if (now.this_update < before.this_update) {
    Fail(name + " is answered with an older response than before");
  } else if (now.this_update == before.this_update && now.kind != before.kind) {
    Fail(name + " has two answers of one second");
  }
}

// TRUST 4 and 11: a thief of a refresher delays by max_head_age and no more.
void Checker::SeeStanding(const Standing& standing, const std::string& serial,
                          const Answer& answer, absl::Time now) {
  constexpr absl::Duration kMaxHeadAge = absl::Minutes(10);
  constexpr absl::Duration kHardHeadAge = absl::Hours(4);
  // Heads of one moment are set apart by microseconds.
  constexpr absl::Duration kSameMoment = absl::Milliseconds(1);
  const std::string who = absl::StrCat("responder ", standing.responder);
  trace_.Add("standing", standing.responder, standing.ready,
             standing.may_answer, absl::ToUnixMicros(standing.met));
  if (standing.ready && standing.met + kMaxHeadAge <= now) {
    Fail(absl::StrCat(who, " is ready with a head of ",
                      absl::FormatTime(standing.met)));
  }
  if (standing.may_answer && standing.met + kHardHeadAge <= now) {
    Fail(absl::StrCat(who, " answers with a head of ",
                      absl::FormatTime(standing.met)));
  }
  if (answer.kind == Answer::Kind::kNone) return;
  if (!standing.may_answer) Fail(who + " answers though it may not");
  const Certificate& known = certificates_[serial];
  if (known.status == CertificateStatus::kRevoked &&
      answer.kind == Answer::Kind::kGood &&
      known.status_at + kSameMoment < standing.met) {
    Fail(absl::StrCat(who, " says good of ", Name(serial), ", revoked at ",
                      absl::FormatTime(known.status_at),
                      ", though it has met a head of ",
                      absl::FormatTime(standing.met)));
  }
}

void Checker::Wiped(int responder) {
  newest_.erase(responder);
  std::erase_if(answers_, [&](const auto& answer) {
    return answer.first.first == responder;
  });
}

void Checker::SeeFollowed(uint64_t from,
                          const std::vector<std::string>& entries) {
  for (size_t i = 0; i < entries.size(); ++i) {
    const uint64_t index = from + i;
    const merkle::Hash leaf = merkle::LeafHash(base::AsBytes(entries[i]));
    if (index < leaves_.size()) {
      if (leaves_[index] == leaf) continue;
      Fail(absl::StrCat("ledger: two entries ", index, " were followed"));
      return;
    }
    trace_.Add("followed", index, base::Hex(base::Bytes(leaf).first(6)));
    leaves_.push_back(leaf);
    frontier_.Append(leaf);
    roots_.push_back(frontier_.Root());
    SeeEntry(index, entries[i]);
  }
  CheckHeads();
}

// TRUST 3: "Serials: one byte of epoch"; no serial twice, by whichever signer.
void Checker::SeeEntry(uint64_t index, const std::string& encoded) {
  const auto entry = ledger::ParseEntry(base::AsBytes(encoded));
  if (!entry.ok()) {
    Fail(absl::StrCat("ledger: entry ", index, " does not parse"));
    return;
  }
  if (const auto* begins = std::get_if<ledger::EpochEntry>(&entry->body)) {
    if (begins->epoch <= epoch_) {
      Fail(absl::StrCat("ledger: epoch ", begins->epoch, " after ", epoch_));
    }
    epoch_ = begins->epoch;
  }
  const auto* issued = std::get_if<ledger::CertificateEntry>(&entry->body);
  if (issued == nullptr) return;
  const auto [at, first] = serials_.emplace(issued->serial, index);
  if (!first) {
    Fail(absl::StrCat("ledger: entries ", at->second, " and ", index,
                      " have serial ", Name(issued->serial)));
  }
  if (static_cast<uint8_t>(issued->serial[0]) != epoch_) {
    Fail(absl::StrCat("ledger: serial ", Name(issued->serial),
                      " was given out in epoch ", epoch_));
  }
}

void Checker::SeeTaken(int responder, const block::SignedHead& taken) {
  const auto head = block::HeadOf(base::AsBytes(taken.head));
  const auto index = block::Index::Parse(base::AsBytes(taken.index));
  const std::string who = absl::StrCat("responder ", responder);
  if (!head.ok() || !index.ok()) {
    Fail(who + " took a head that does not parse");
    return;
  }
  trace_.Add("head", responder, head->epoch, head->ledger_size,
             absl::ToUnixMicros(head->time), Trace::Brief(taken.head));
  Taken& newest = newest_[responder];
  if (newest.head.time != absl::Time() && head->epoch < newest.head.epoch) {
    Fail(absl::StrCat(who, " took a head of epoch ", head->epoch, " after ",
                      newest.head.epoch));
  }
  newest = {.head = *head, .index = *index};
  unchecked_.emplace_back(responder, *head);
}

// What responders believe is about the ledger that the inventory has: so a
// signer that was lost can be given back all that anybody depends on.
void Checker::CheckHeads() {
  for (const auto& [responder, head] : unchecked_) {
    const std::string who = absl::StrCat("responder ", responder);
    if (head.ledger_size >= roots_.size()) {
      Fail(absl::StrCat(who, " took a head about ", head.ledger_size,
                        " entries, of which the inventory has ",
                        leaves_.size()));
    } else if (roots_[head.ledger_size] != head.ledger_root) {
      Fail(absl::StrCat(who, " took a head of epoch ", head.epoch,
                        " about another ledger of ", head.ledger_size,
                        " entries"));
    }
  }
  unchecked_.clear();
}

// "From the first head of the new epoch on" (docs/backup-and-standby.md).
void Checker::SeeTaken(int responder, const block::Update& update) {
  SeeUpdate(update);
  const auto newest = newest_.find(responder);
  if (newest == newest_.end()) return;
  const base::Bytes content = base::AsBytes(update.content);
  const auto delta = block::Delta::Parse(content);
  const auto whole = block::ManifestOf(content);
  const block::Manifest* manifest = nullptr;
  if (update.is_delta() && delta.ok()) manifest = &delta->manifest;
  if (!update.is_delta() && whole.ok()) manifest = &*whole;
  if (manifest == nullptr) return;  // SeeUpdate has said so.
  if (manifest->epoch < newest->second.head.epoch &&
      manifest->version > newest->second.index.VersionOf(manifest->block_id)) {
    Fail(absl::StrCat("responder ", responder, " took version ",
                      manifest->version, " of block ", Name(update.block_id),
                      " of epoch ", manifest->epoch, ", which has passed"));
  }
}

uint64_t Checker::EpochAt(int responder) const {
  const auto newest = newest_.find(responder);
  return newest == newest_.end() ? 0 : newest->second.head.epoch;
}

}  // namespace chancery::model
