#include "signer/ledger/certificate_state.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/encoding.h"
#include "x509/crl/reason.h"

namespace chancery::signer {
namespace {

constexpr uint8_t kKeyCompromise = 1;
constexpr uint8_t kCertificateHold = 6;

std::string Describe(const CertificateState& state) {
  switch (state.status) {
    case CertificateStatus::kGood:
      return "good";
    case CertificateStatus::kHeld:
      return absl::StrCat("held since ", absl::FormatTime(state.revoked_at,
                                                          absl::UTCTimeZone()));
    case CertificateStatus::kRevoked:
      break;
  }
  return absl::StrCat("revoked with reason ", x509::CrlReasonText(state.reason),
                      " at ",
                      absl::FormatTime(state.revoked_at, absl::UTCTimeZone()));
}

absl::Status Refuse(const CertificateState& state, absl::string_view rule) {
  return absl::FailedPreconditionError(
      absl::StrCat("serial ", base::Hex(base::AsBytes(state.serial)), " is ",
                   Describe(state), ": ", rule));
}

// Whether `state` may become revoked as `change` says.
absl::Status CheckRevocation(const CertificateState& state,
                             const ledger::StatusEntry& change) {
  switch (state.status) {
    case CertificateStatus::kGood:
      return absl::OkStatus();
    case CertificateStatus::kHeld:
      // TRUST 2.2: "revoked with any reason keeping the hold's date".
      if (change.revoked_at == state.revoked_at) return absl::OkStatus();
      return Refuse(state, "a revocation keeps the date of the hold");
    case CertificateStatus::kRevoked:
      break;
  }
  // TRUST 2.2: "any other reason may change only to keyCompromise, and with
  // that the date may move earlier, never later".
  if (change.reason != kKeyCompromise) {
    return Refuse(state, "only keyCompromise (1) may replace a reason");
  }
  if (change.revoked_at > state.revoked_at) {
    return Refuse(state, "the revocation date never moves later");
  }
  if (change.reason == state.reason && change.revoked_at == state.revoked_at) {
    return Refuse(state, "nothing would change");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<CertificateState> ChangeStatus(CertificateState state,
                                              const ledger::StatusEntry& change,
                                              absl::Time now) {
  if (change.revoked_at > now) {
    return absl::InvalidArgumentError(
        absl::StrCat("revoked at: ",
                     absl::FormatTime(change.revoked_at, absl::UTCTimeZone()),
                     " is in the future"));
  }
  switch (change.change) {
    case ledger::StatusChange::kRevoke: {
      const absl::Status allowed = CheckRevocation(state, change);
      if (!allowed.ok()) return allowed;
      state.status = CertificateStatus::kRevoked;
      state.reason = change.reason;
      state.revoked_at = change.revoked_at;
      return state;
    }
    case ledger::StatusChange::kHold:
      if (state.status != CertificateStatus::kGood) {
        return Refuse(state, "only a good certificate can be held");
      }
      state.status = CertificateStatus::kHeld;
      state.reason = kCertificateHold;
      state.revoked_at = change.revoked_at;
      return state;
    case ledger::StatusChange::kRelease:
      break;
  }
  // TRUST 2.2: "revoked never becomes good. certificateHold ... may".
  if (state.status != CertificateStatus::kHeld) {
    return Refuse(state, "only a held certificate can be released");
  }
  state.status = CertificateStatus::kGood;
  state.reason = 0;
  state.revoked_at = absl::UnixEpoch();
  return state;
}

}  // namespace chancery::signer
