#include "signer/revocation.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "signer/origin.h"
#include "signer/status_change.h"

namespace chancery::signer {

absl::StatusOr<Revoked> Revocation::Change(
    const Asker& asker, const Issuer& issuer, const std::string& serial,
    ledger::StatusEntry change, std::optional<absl::Time> asked_date) {
  ASSIGN_OR_RETURN(change.origin,
                   MakeOrigin(asker, {"status", issuer.issuer_id, serial,
                                      Describe(change, asked_date)}));
  const bool limited = change.change != ledger::StatusChange::kRelease;
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
    std::optional<ledger::StatusEntry> entry;
    if (!before.has_value()) {
      ASSIGN_OR_RETURN(entry, ChangeFor(issuer, tx.state(), *held, change,
                                        asked_date, tx.time()));
    }
    if (!entry.has_value()) {
      after = *std::move(held);
      index = after.changed_index;
      return absl::OkStatus();
    }
    if (limited) {
      RETURN_IF_ERROR(limit_.Check(1, tx.time()));
    }
    ASSIGN_OR_RETURN(index, tx.Append(*std::move(entry)));
    ASSIGN_OR_RETURN(after, tx.state().Certificate(issuer.issuer_id, serial));
    if (limited) limit_.Count(1, tx.time());
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
  auto signed_updates = blocks_.SignRevoked(after.block_id, index);
  if (signed_updates.ok()) out.updates = std::move(signed_updates->updates);
  return out;
}

absl::StatusOr<Revoked> Revocation::Revoke(const RevokeRequest& request) {
  ASSIGN_OR_RETURN(const Issuer* issuer, issuers_.Named(request.issuer));
  ASSIGN_OR_RETURN(
      ledger::StatusEntry change,
      RevocationFor(*issuer, request.reason, request.revoked_at, clock_.Now()));
  return Change(request.asker, *issuer, request.serial, std::move(change),
                request.revoked_at);
}

absl::StatusOr<Revoked> Revocation::Release(const ReleaseRequest& request) {
  ASSIGN_OR_RETURN(const Issuer* issuer, issuers_.Named(request.issuer));
  ledger::StatusEntry change;
  change.change = ledger::StatusChange::kRelease;
  change.issuer_id = issuer->issuer_id;
  return Change(request.asker, *issuer, request.serial, std::move(change),
                std::nullopt);
}

}  // namespace chancery::signer
