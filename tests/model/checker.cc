#include "tests/model/checker.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "block/block.h"
#include "block/delta.h"
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
  std::erase_if(answers_, [&](const auto& answer) {
    return answer.first.first == responder;
  });
}

}  // namespace chancery::model
