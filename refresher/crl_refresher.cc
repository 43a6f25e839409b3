#include "refresher/crl_refresher.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "refresher/crl_row.h"

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
  std::map<std::pair<std::string, bool>, Held> held;
  for (const storage::CrlRow& row : rows) {
    held[{row.issuer_id, row.is_delta}][row.shard] = row;
  }
  size_t done = 0;
  absl::Status first_error;
  for (const ListedIssuer& issuer : issuers_) {
    // A delta adds to a full one.
    for (const bool is_delta : {false, true}) {
      if (is_delta && !issuer.has_delta_crls) continue;
      const auto count = SignNeeded(issuer, is_delta,
                                    held[{issuer.issuer_id, is_delta}], delay);
      if (count.ok()) done += *count;
      first_error.Update(count.status());
    }
  }
  if (!first_error.ok()) return first_error;
  return done;
}

absl::StatusOr<size_t> CrlRefresher::SignNeeded(const ListedIssuer& issuer,
                                                bool is_delta, const Held& held,
                                                absl::Duration delay) {
  ASSIGN_OR_RETURN(const std::vector<uint32_t> needed,
                   Needed(issuer, held, delay));
  size_t done = 0;
  absl::Status first_error;
  for (const uint32_t shard : needed) {
    const auto former = held.find(shard);
    const absl::Status status =
        Sign({.issuer = issuer.name,
              .shard = shard,
              .is_delta = is_delta,
              .have_number = former == held.end() ? 0 : former->second.number});
    first_error.Update(status);
    if (!status.ok()) continue;
    ++done;
    // A shard does not wait for the others to be at the responders.
    sink_.CrlsChanged();
  }
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
    const ListedIssuer& issuer, const Held& held, absl::Duration delay) {
  const absl::Time now = clock_.Now();
  std::vector<uint32_t> needed;
  // Those that a changed status may make necessary, and the least that one of
  // them reflects. ledger_size: every entry before this index is reflected.
  std::vector<uint32_t> asked;
  uint64_t since = ~uint64_t{0};
  for (uint32_t shard = 0; shard < issuer.crl_shards; ++shard) {
    const auto found = held.find(shard);
    if (found == held.end() || found->second.refresh_at <= now) {
      needed.push_back(shard);
    } else if (now >= found->second.this_update + delay) {
      asked.push_back(shard);
      since = std::min(since, found->second.ledger_size);
    }
  }
  if (asked.empty()) return needed;
  ASSIGN_OR_RETURN(const auto changes,
                   inventory_.StatusChanges(issuer.issuer_id, since));
  for (const uint32_t shard : asked) {
    const auto change = changes.find(shard);
    if (change != changes.end() &&
        change->second >= held.at(shard).ledger_size) {
      needed.push_back(shard);
    }
  }
  return needed;
}

absl::Status CrlRefresher::Sign(const CrlRequest& request) {
  const auto failed = [&](const absl::Status& status) {
    return absl::Status(
        status.code(),
        absl::StrCat(request.is_delta ? "delta CRL" : "CRL", " of issuer \"",
                     request.issuer, "\": ", status.message()));
  };
  const auto crl = signer_.SignCrl(request);
  if (!crl.ok()) return failed(crl.status());
  const SignedCrl& facts = (*crl)->facts();
  ++signed_;
  const absl::Status stored = inventory_.PutCrl(CrlRowOf(request, facts),
                                                [&] { return (*crl)->Next(); });
  // A newer one is there: another refresher's.
  if (absl::IsFailedPrecondition(stored)) return absl::OkStatus();
  if (!stored.ok()) return failed(stored);
  log_.Info("crl_signed", {{"issuer", request.issuer},
                           {"shard", request.shard},
                           {"delta", request.is_delta},
                           {"number", facts.number},
                           {"bytes", facts.size}});
  return absl::OkStatus();
}

}  // namespace chancery::refresher
