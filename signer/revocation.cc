#include "signer/revocation.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "signer/origin.h"
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
                bool date_given) {
  if (change.change == ledger::StatusChange::kRelease) return false;
  const CertificateStatus wanted = change.change == ledger::StatusChange::kHold
                                       ? CertificateStatus::kHeld
                                       : CertificateStatus::kRevoked;
  return held.status == wanted && held.reason == change.reason &&
         (!date_given || held.revoked_at == change.revoked_at);
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

absl::StatusOr<Revoked> Revocation::Change(
    const Asker& asker, const Issuer& issuer, const std::string& serial,
    ledger::StatusEntry change, std::optional<absl::Time> asked_date) {
  const std::string date =
      asked_date ? absl::StrCat(absl::ToUnixSeconds(*asked_date)) : "now";
  const std::string what = absl::StrCat(static_cast<int>(change.change), ",",
                                        change.reason, ",", date);
  ASSIGN_OR_RETURN(change.origin, MakeOrigin(asker, {"status", issuer.issuer_id,
                                                     serial, what}));
  change.issuer_id = issuer.issuer_id;
  change.serial = serial;
  CertificateState after;
  uint64_t index = 0;
  // Durable when this returns OK: a crash after it loses nothing, and whoever
  // reads the ledger signs the record.
  RETURN_IF_ERROR(ledger_.Execute([&](Transaction& tx) -> absl::Status {
    auto held = tx.state().Certificate(issuer.issuer_id, serial);
    if (absl::IsNotFound(held.status())) {
      return absl::NotFoundError(
          absl::StrCat("serial: issuer \"", issuer.name, "\" never issued ",
                       base::Hex(base::AsBytes(serial))));
    }
    RETURN_IF_ERROR(held.status());
    ASSIGN_OR_RETURN(const auto before, tx.state().Request(change.origin));
    if (before.has_value() &&
        before->request_hash != change.origin.request_hash) {
      return UsedForAnother(change.origin);
    }
    if (before.has_value() ||
        IsRepeated(*held, change, asked_date.has_value())) {
      after = *std::move(held);
      index = after.changed_index;
      return absl::OkStatus();
    }
    if (change.change == ledger::StatusChange::kRevoke) {
      ASSIGN_OR_RETURN(const std::string der, tx.state().CertificateDer(*held));
      ASSIGN_OR_RETURN(const x509::Certificate certificate,
                       x509::Certificate::Parse(base::AsBytes(der)));
      RETURN_IF_ERROR(CheckReasonFor(issuer, certificate, change.reason));
    }
    ledger::StatusEntry entry = change;
    const absl::Time now =
        absl::FromUnixSeconds(absl::ToUnixSeconds(tx.time()));
    if (entry.change == ledger::StatusChange::kRelease) {
      entry.revoked_at = absl::UnixEpoch();
    } else {
      entry.revoked_at = DateOf(*held, asked_date, entry.reason, now);
    }
    auto appended = tx.Append(entry);
    if (!appended.ok()) return Named(appended.status(), serial);
    index = *appended;
    ASSIGN_OR_RETURN(after, tx.state().Certificate(issuer.issuer_id, serial));
    return absl::OkStatus();
  }));
  Revoked out{.issuer_id = issuer.issuer_id,
              .serial = serial,
              .revoked = after.status != CertificateStatus::kGood,
              .reason = after.reason,
              .revoked_at = after.revoked_at,
              .updates = {},
              .ledger_index = index};
  // The revocation stands whatever happens to its delta: if signing fails now,
  // GetBlock signs it for whoever follows the ledger.
  auto signed_updates = blocks_.SignPending(after.block_id, index);
  if (signed_updates.ok()) out.updates = std::move(signed_updates->updates);
  return out;
}

absl::StatusOr<Revoked> Revocation::Revoke(const RevokeRequest& request) {
  ASSIGN_OR_RETURN(const Issuer* issuer, issuers_.Named(request.issuer));
  RETURN_IF_ERROR(CheckReason(*issuer, request.reason));
  std::optional<absl::Time> date = request.revoked_at;
  if (date.has_value() && *date > clock_.Now()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "revoked_at: ", absl::FormatTime(*date), " is in the future"));
  }
  if (date.has_value() && *date < absl::UnixEpoch()) {
    return absl::InvalidArgumentError("revoked_at: before 1970");
  }
  ledger::StatusEntry change;
  change.change = request.reason == kCertificateHold
                      ? ledger::StatusChange::kHold
                      : ledger::StatusChange::kRevoke;
  change.reason = static_cast<uint8_t>(request.reason);
  return Change(request.asker, *issuer, request.serial, std::move(change),
                date);
}

absl::StatusOr<Revoked> Revocation::Release(const ReleaseRequest& request) {
  ASSIGN_OR_RETURN(const Issuer* issuer, issuers_.Named(request.issuer));
  ledger::StatusEntry change;
  change.change = ledger::StatusChange::kRelease;
  return Change(request.asker, *issuer, request.serial, std::move(change),
                std::nullopt);
}

}  // namespace chancery::signer
