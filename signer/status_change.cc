#include "signer/status_change.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "signer/revocation_reason.h"
#include "x509/certificate/certificate.h"

namespace chancery::signer {
namespace {

constexpr int kKeyCompromise = 1;
constexpr int kCertificateHold = 6;

absl::Status Named(const absl::Status& status, const std::string& serial) {
  const std::string name =
      absl::StrCat("serial ", base::Hex(base::AsBytes(serial)));
  if (absl::StartsWith(status.message(), name)) return status;
  return absl::Status(status.code(),
                      absl::StrCat(name, ": ", status.message()));
}

// Whether `held` is already what `change` asks for.
bool IsRepeated(const CertificateState& held, const ledger::StatusEntry& change,
                std::optional<absl::Time> date) {
  if (change.change == ledger::StatusChange::kRelease) return false;
  const CertificateStatus wanted = change.change == ledger::StatusChange::kHold
                                       ? CertificateStatus::kHeld
                                       : CertificateStatus::kRevoked;
  return held.status == wanted && held.reason == change.reason &&
         (!date.has_value() || held.revoked_at == *date);
}

// What an existing revocation gives to the next: a hold its date, any other one
// its date unless an earlier one is asked for.
absl::Time DateOf(const CertificateState& held, std::optional<absl::Time> asked,
                  int reason, absl::Time now) {
  if (held.status == CertificateStatus::kHeld) return held.revoked_at;
  if (held.status == CertificateStatus::kRevoked && reason == kKeyCompromise) {
    return asked.value_or(held.revoked_at);
  }
  return asked.value_or(now);
}

}  // namespace

absl::StatusOr<ledger::StatusEntry> RevocationFor(
    const Issuer& issuer, int reason, std::optional<absl::Time> date,
    absl::Time now) {
  RETURN_IF_ERROR(CheckReason(issuer, reason));
  if (date.has_value() && *date > now) {
    return absl::InvalidArgumentError(absl::StrCat(
        "revoked_at: ", absl::FormatTime(*date), " is in the future"));
  }
  if (date.has_value() && *date < absl::UnixEpoch()) {
    return absl::InvalidArgumentError("revoked_at: before 1970");
  }
  ledger::StatusEntry change;
  change.change = reason == kCertificateHold ? ledger::StatusChange::kHold
                                             : ledger::StatusChange::kRevoke;
  change.issuer_id = issuer.issuer_id;
  change.reason = static_cast<uint8_t>(reason);
  return change;
}

std::string Describe(const ledger::StatusEntry& change,
                     std::optional<absl::Time> date) {
  return absl::StrCat(
      static_cast<int>(change.change), ",", change.reason, ",",
      date.has_value() ? absl::StrCat(absl::ToUnixSeconds(*date)) : "now");
}

absl::StatusOr<std::optional<ledger::StatusEntry>> ChangeFor(
    const Issuer& issuer, const State& state, const CertificateState& held,
    ledger::StatusEntry change, std::optional<absl::Time> date,
    absl::Time now) {
  if (IsRepeated(held, change, date)) return std::nullopt;
  // The certificate is read only where something depends on it.
  if (change.change == ledger::StatusChange::kRevoke &&
      DependsOnCertificate(issuer, change.reason)) {
    ASSIGN_OR_RETURN(const std::string der, state.CertificateDer(held));
    ASSIGN_OR_RETURN(const x509::Certificate certificate,
                     x509::Certificate::Parse(base::AsBytes(der)));
    const absl::Status allowed =
        CheckReasonFor(issuer, certificate, change.reason);
    if (!allowed.ok()) return Named(allowed, held.serial);
  }
  change.serial = held.serial;
  change.revoked_at =
      change.change == ledger::StatusChange::kRelease
          ? absl::UnixEpoch()
          : DateOf(held, date, change.reason,
                   absl::FromUnixSeconds(absl::ToUnixSeconds(now)));
  const auto after = ChangeStatus(held, change, now);
  if (!after.ok()) return Named(after.status(), held.serial);
  return std::optional<ledger::StatusEntry>(std::move(change));
}

}  // namespace chancery::signer
