// What must hold of a World: at each moment, and in the end.
#include <map>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "tests/model/world.h"
#include "x509/certificate/certificate.h"
#include "x509/crl/crl.h"
#include "x509/ocsp/response.h"
#include "x509/ocsp/verify.h"

namespace chancery::model {
namespace {

// One that was restored waits for a minute first.
constexpr int kRounds = 15;
// Some certificates may be near their end: their responses are not renewed.
constexpr absl::Duration kLeftAlone = absl::Hours(9);

storage::CertificateStatus ToStorage(CertificateStatus status) {
  switch (status) {
    case CertificateStatus::kGood:
      return storage::CertificateStatus::kGood;
    case CertificateStatus::kHeld:
      return storage::CertificateStatus::kHeld;
    case CertificateStatus::kRevoked:
      break;
  }
  return storage::CertificateStatus::kRevoked;
}

}  // namespace

void World::CheckAcknowledged(const std::string& serial, uint32_t acknowledged,
                              Answer::Kind kind) {
  // By then its record may have been dropped.
  if (checker_.certificates().at(serial).not_after <= clock_.Now()) return;
  uint32_t answering = 0;
  for (const auto& responder : responders_) {
    if (!responder->running()) continue;
    if (responder->withholds()) {
      ++answering;  // So it was said, by whoever did not deliver it.
      continue;
    }
    // An order of long ago that is answered only now may find its response
    // expired.
    const Answer held = responder->Held(serial, x509::CertIdHash::kSha256);
    if (held.kind == kind) ++answering;
  }
  if (answering < acknowledged) {
    checker_.Fail(absl::StrCat(acknowledged, " responders acknowledged, ",
                               answering, " answer so for ",
                               base::Hex(base::AsBytes(serial))));
  }
}

void World::CheckLedger() {
  // One that may not sign yet is looked at when it may.
  if (!signer().may_sign()) return;
  const auto view = signer().core().ledger().Read();
  if (!view.ok()) {
    checker_.Fail("ledger: " + view.status().ToString());
    return;
  }
  for (const auto& [serial, known] : checker_.certificates()) {
    checker_.SeeLedger(
        serial, (*view)->state().Certificate(signer().issuer_id(), serial));
  }
}

void World::StartAll() {
  network_.Lose(0);
  inventory_->Heal();
  StopOther();
  signer().disk().FailWrite(0, signer::testing::FakeDisk::Failure::kBefore);
  if (const absl::Status status = signer().Restart(); !status.ok()) {
    checker_.Fail("signer: does not start again: " + status.ToString());
    return;
  }
  for (const auto& refresher : refreshers_) refresher->Start();
  for (const auto& responder : responders_) {
    if (!responder->running()) responder->Start();
    responder->Withhold(false);
    // Whatever is still on its way comes now.
    responder->DeliverAllLate();
    for (const auto& [serial, known] : checker_.certificates()) {
      responder->Look(serial);
    }
  }
}

void World::SettleOnce() {
  settled_from_ = clock_.Now();
  FeedSigner(*refreshers_.front());
  for (const auto& refresher : refreshers_) {
    absl::StatusOr<bool> more = true;
    while (more.ok() && *more) more = refresher->follower().Step();
    absl::StatusOr<size_t> done = 1;
    while (done.ok() && *done > 0) done = refresher->blocks().Step();
    (void)refresher->blocks().Reconcile();
    (void)refresher->crls().StepNow();
    (void)refresher->StepHeads();
    for (size_t i = 0; i < responders_.size(); ++i) {
      const absl::Status status = refresher->Converge(i);
      if (!status.ok())
        log_.Warning("behind", {{"responder", i}, {"why", status}});
    }
  }
  // Leases of killed refreshers end.
  clock_.Advance(absl::Seconds(20));
}

void World::Settle() {
  StartAll();
  for (int round = 0; round < kRounds && violation().empty(); ++round) {
    SettleOnce();
    LookAtFeed();
  }
  if (violation().empty() && !signer().may_sign()) {
    checker_.Fail("the signer does not sign again, though nothing fails");
  }
  CheckLedger();
  if (violation().empty()) CheckAgreement();
}

void World::CheckAgreement() {
  // What became due while the last round went on is for the next.
  const auto earliest = sqlite_->EarliestRefresh();
  if (earliest.ok() && *earliest < settled_from_) {
    checker_.Fail(
        absl::StrCat("a block has not been signed again in time: due at ",
                     absl::FormatTime(*earliest), ", asked for at ",
                     absl::FormatTime(settled_from_)));
  }
  const std::string crl_der = responders_.front()->Crl();
  std::set<std::string> on_crl;
  if (!crl_der.empty()) {
    const auto crl = x509::ParseCrl(base::AsBytes(crl_der));
    const absl::Status verified =
        crl.ok() ? x509::VerifyCrl(*crl, stage_.pki.key()->public_key())
                 : crl.status();
    if (!verified.ok()) checker_.Fail("CRL: " + verified.ToString());
    (void)x509::ForEachEntry(*crl, [&](const x509::CrlEntry& entry) {
      on_crl.insert(base::ToString(entry.serial));
      return absl::OkStatus();
    });
  } else {
    checker_.Fail("the first responder has no current CRL");
  }
  for (const auto& responder : responders_) {
    if (responder->Crl() != crl_der) checker_.Fail("CRLs differ");
    if (!responder->replica().Ready().ok()) {
      checker_.Fail(
          absl::StrCat("responder ", responder->number(), " is not ready"));
    }
    if (responder->Ask("\x01 nobody's", x509::CertIdHash::kSha256).kind !=
        Answer::Kind::kNone) {
      checker_.Fail("a serial is answered that was never issued");
    }
  }
  for (const auto& [serial, known] : checker_.certificates()) {
    CheckCertificate(serial, on_crl);
  }
}

void World::CheckCertificate(const std::string& serial,
                             const std::set<std::string>& on_crl) {
  const std::string name = base::Hex(base::AsBytes(serial));
  const auto view = signer().core().ledger().Read();
  const auto truth = (*view)->state().Certificate(signer().issuer_id(), serial);
  if (!truth.ok()) {
    checker_.Fail("ledger: lacks " + name);
    return;
  }
  const auto row = sqlite_->FindCertificate(signer().issuer_id(), serial);
  if (!row.ok() || row->status != ToStorage(truth->status) ||
      row->reason != truth->reason ||
      row->der != checker_.certificates().at(serial).der) {
    checker_.Fail("inventory and ledger differ on " + name);
  }
  const absl::Time now = clock_.Now();
  const bool revoked = truth->status != CertificateStatus::kGood;
  if (truth->not_after > now && on_crl.contains(serial) != revoked) {
    checker_.Fail(
        absl::StrCat("the CRL ", revoked ? "lacks " : "lists ", name));
  }
  const auto ca =
      x509::Certificate::Parse(base::AsBytes(stage_.pki.issuer().certificate));
  for (const auto& responder : responders_) {
    const Answer answer = responder->Look(serial);
    if (answer.kind == Answer::Kind::kNone) {
      if (truth->not_after > now + kLeftAlone) {
        checker_.Fail(absl::StrCat("responder ", responder->number(),
                                   " does not answer for ", name));
      }
      continue;
    }
    if ((answer.kind == Answer::Kind::kRevoked) != revoked ||
        answer.reason != truth->reason ||
        (revoked && answer.revoked_at != truth->revoked_at)) {
      checker_.Fail(absl::StrCat("responder ", responder->number(),
                                 " and ledger differ on ", name));
    }
    const auto response = x509::ParseOcspResponse(base::AsBytes(answer.der));
    const absl::Status verified = x509::VerifyOcspResponse(*response, *ca, now);
    if (!verified.ok()) checker_.Fail("OCSP: " + verified.ToString());
  }
}

}  // namespace chancery::model
