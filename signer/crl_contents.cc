#include "signer/crl_contents.h"

#include "base/bytes.h"
#include "base/status_macros.h"

namespace chancery::signer {
namespace {

constexpr int kRemoveFromCrl = 8;  // RFC 5280 section 5.3.1.

}  // namespace

absl::StatusOr<CrlContents> CrlContents::Read(const Ledger& ledger,
                                              const std::string& issuer_id,
                                              uint32_t shard,
                                              ledger::CrlKind kind) {
  ASSIGN_OR_RETURN(auto view, ledger.Read());
  CrlContents contents(std::move(view), issuer_id, shard);
  const State& state = contents.view_->state();
  contents.this_update_ =
      absl::FromUnixSeconds(absl::ToUnixSeconds(contents.view_->time()));
  ASSIGN_OR_RETURN(contents.newest_, state.NewestCrl(issuer_id, shard));
  ASSIGN_OR_RETURN(contents.former_, state.Crl(issuer_id, shard, kind));
  if (kind == ledger::CrlKind::kFull) return contents;
  ASSIGN_OR_RETURN(contents.base_, state.DeltaBase(issuer_id, shard));
  if (!contents.base_.has_value()) {
    return absl::FailedPreconditionError(
        "kind: a delta CRL needs a full CRL of its scope before it");
  }
  RETURN_IF_ERROR(state.RemovedCertificates(
      issuer_id, shard, [&](absl::string_view serial) {
        contents.removed_.emplace_back(serial.data(), serial.size());
        return absl::OkStatus();
      }));
  return contents;
}

absl::Status CrlContents::ForEach(
    absl::FunctionRef<absl::Status(const x509::CrlEntry&)> visit) const {
  const uint64_t since = base_.has_value() ? base_->ledger_size : 0;
  auto removed = removed_.begin();
  // Those taken off whose serials come before `next`; empty: all that remain.
  const auto take_off = [&](absl::string_view next) -> absl::Status {
    for (; removed != removed_.end() && (next.empty() || *removed < next);
         ++removed) {
      RETURN_IF_ERROR(visit({.serial = base::AsBytes(*removed),
                             .revocation_time = this_update_,
                             .reason = kRemoveFromCrl}));
    }
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(view_->state().RevokedCertificates(
      issuer_id_, shard_,
      [&](const RevokedCertificate& revoked) -> absl::Status {
        if (revoked.changed_index < since) return absl::OkStatus();
        RETURN_IF_ERROR(take_off(revoked.serial));
        return visit({.serial = base::AsBytes(revoked.serial),
                      .revocation_time = revoked.revoked_at,
                      .reason = revoked.reason});
      }));
  return take_off("");
}

}  // namespace chancery::signer
