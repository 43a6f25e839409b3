// Has CRLs signed in time.
#ifndef CHANCERY_REFRESHER_CRL_REFRESHER_H_
#define CHANCERY_REFRESHER_CRL_REFRESHER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "refresher/signer_client.h"
#include "refresher/update_sink.h"
#include "rpc/log.h"
#include "storage/inventory.h"

namespace chancery::refresher {

// A scope (issuer, shard, full or delta) needs a CRL when it has none, when the
// one it has is due, and when a status changed in it that the CRL does not
// reflect. What is needed follows from the inventory alone, so nothing is
// forgotten by a restart.
//
// One caller at a time, but for the counter. Refreshers that share an inventory
// say which number they have, so that the signer gives all of them the same
// one; the inventory keeps the highest.
class CrlRefresher {
 public:
  struct Options {
    // A changed status is in a CRL after so long; changes in between share it.
    absl::Duration delay = absl::Seconds(10);
  };

  // All must outlive this object.
  CrlRefresher(SignerClient& signer, storage::Inventory& inventory,
               UpdateSink& sink, const base::Clock& clock, const rpc::Log& log,
               Options options);

  // Signs and stores what is needed; returns how many CRLs. Issuers that the
  // signer lists are kept in the inventory. A scope that fails does not keep
  // the others from their CRLs; the first error is returned afterwards.
  absl::StatusOr<size_t> Step();
  // As Step, without waiting for changes to come together.
  absl::StatusOr<size_t> StepNow();

  uint64_t signed_crls() const { return signed_; }

 private:
  absl::StatusOr<size_t> SignNeeded(absl::Duration delay);
  absl::Status RefreshIssuers();
  // By shard, what the inventory has of an issuer's full or delta CRLs.
  using Held = std::map<uint32_t, storage::CrlRow>;
  // The shards that need one now.
  absl::StatusOr<std::vector<uint32_t>> Needed(const ListedIssuer& issuer,
                                               const Held& held,
                                               absl::Duration delay);
  absl::StatusOr<size_t> SignNeeded(const ListedIssuer& issuer, bool is_delta,
                                    const Held& held, absl::Duration delay);
  absl::Status Sign(const CrlRequest& request);

  SignerClient& signer_;
  storage::Inventory& inventory_;
  UpdateSink& sink_;
  const base::Clock& clock_;
  const rpc::Log& log_;
  const Options options_;
  std::vector<ListedIssuer> issuers_;
  absl::Time issuers_until_ = absl::InfinitePast();
  std::atomic<uint64_t> signed_ = 0;
};

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_CRL_REFRESHER_H_
