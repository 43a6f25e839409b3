#include "refresher/crl_refresher.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace chancery::refresher {
namespace {

// How old the list of issuers may be.
constexpr absl::Duration kIssuersValid = absl::Minutes(1);

}  // namespace

CrlRefresher::CrlRefresher(SignerClient& signer, storage::Inventory& inventory,
                           UpdateSink& sink, const base::Clock& clock,
                           const rpc::Log& log, Options options)
    : signer_(signer),
      inventory_(inventory),
      sink_(sink),
      clock_(clock),
      log_(log),
      options_(options) {}

absl::StatusOr<size_t> CrlRefresher::Step() {
  return SignNeeded(options_.delay);
}

absl::StatusOr<size_t> CrlRefresher::StepNow() {
  return SignNeeded(absl::ZeroDuration());
}

absl::StatusOr<size_t> CrlRefresher::SignNeeded(absl::Duration delay) {
  RETURN_IF_ERROR(RefreshIssuers());
  ASSIGN_OR_RETURN(const std::vector<storage::CrlRow> rows,
                   inventory_.ListCrls());
  std::map<std::string, std::map<uint32_t, const storage::CrlRow*>> held;
  for (const storage::CrlRow& row : rows) {
    held[row.issuer_id][row.shard] = &row;
  }
  size_t done = 0;
  absl::Status first_error;
  for (const ListedIssuer& issuer : issuers_) {
    const auto needed = Needed(issuer, held[issuer.issuer_id], delay);
    first_error.Update(needed.status());
    if (!needed.ok()) continue;
    for (const uint32_t shard : *needed) {
      const absl::Status status = Sign(issuer, shard);
      if (status.ok()) ++done;
      first_error.Update(status);
    }
  }
  if (done > 0) sink_.CrlsChanged();
  if (!first_error.ok()) return first_error;
  return done;
}

absl::Status CrlRefresher::RefreshIssuers() {
  const absl::Time now = clock_.Now();
  if (now < issuers_until_) return absl::OkStatus();
  ASSIGN_OR_RETURN(issuers_, signer_.ListIssuers());
  for (const ListedIssuer& issuer : issuers_) {
    RETURN_IF_ERROR(inventory_.PutIssuer({.issuer_id = issuer.issuer_id,
                                          .name = issuer.name,
                                          .certificate = issuer.certificate,
                                          .chain = issuer.chain,
                                          .profiles = issuer.profiles}));
  }
  issuers_until_ = now + kIssuersValid;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<uint32_t>> CrlRefresher::Needed(
    const ListedIssuer& issuer,
    const std::map<uint32_t, const storage::CrlRow*>& held,
    absl::Duration delay) {
  const absl::Time now = clock_.Now();
  std::vector<uint32_t> needed;
  // Those that a changed status may make necessary, and the least that one of
  // them reflects. ledger_size: every entry before this index is reflected.
  std::vector<uint32_t> asked;
  uint64_t since = ~uint64_t{0};
  for (uint32_t shard = 0; shard < issuer.crl_shards; ++shard) {
    const auto found = held.find(shard);
    if (found == held.end() || found->second->refresh_at <= now) {
      needed.push_back(shard);
    } else if (now >= found->second->this_update + delay) {
      asked.push_back(shard);
      since = std::min(since, found->second->ledger_size);
    }
  }
  if (asked.empty()) return needed;
  ASSIGN_OR_RETURN(const auto changes,
                   inventory_.StatusChanges(issuer.issuer_id, since));
  for (const uint32_t shard : asked) {
    const auto change = changes.find(shard);
    if (change != changes.end() &&
        change->second >= held.at(shard)->ledger_size) {
      needed.push_back(shard);
    }
  }
  return needed;
}

absl::Status CrlRefresher::Sign(const ListedIssuer& issuer, uint32_t shard) {
  const auto crl = signer_.SignCrl(issuer.name, shard);
  if (!crl.ok()) {
    return absl::Status(crl.status().code(),
                        absl::StrCat("CRL of issuer \"", issuer.name,
                                     "\": ", crl.status().message()));
  }
  ++signed_;
  const absl::Status stored =
      inventory_.PutCrl({.issuer_id = crl->issuer_id,
                         .shard = shard,
                         .number = crl->number,
                         .this_update = crl->this_update,
                         .next_update = crl->next_update,
                         .refresh_at = crl->refresh_at,
                         .ledger_size = crl->ledger_size,
                         .der = crl->der});
  // A newer one is there: another refresher's.
  if (absl::IsFailedPrecondition(stored)) return absl::OkStatus();
  RETURN_IF_ERROR(stored);
  log_.Info("crl_signed", {{"issuer", issuer.name},
                           {"shard", shard},
                           {"number", crl->number},
                           {"bytes", crl->der.size()}});
  return absl::OkStatus();
}

}  // namespace chancery::refresher
