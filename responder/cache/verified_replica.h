#ifndef CHANCERY_RESPONDER_CACHE_VERIFIED_REPLICA_H_
#define CHANCERY_RESPONDER_CACHE_VERIFIED_REPLICA_H_

#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "responder/cache/block_cache.h"
#include "responder/cache/crl_cache.h"
#include "responder/cache/replica.h"

namespace chancery::responder {

// Blocks and CRLs as one Replica, and whether they are known to be current.
// Thread-safe.
class VerifiedReplica final : public Replica {
 public:
  // All must outlive the object.
  VerifiedReplica(BlockCache& blocks, CrlCache& crls, const base::Clock& clock)
      : blocks_(blocks), crls_(crls), clock_(clock) {}

  BlockOutcome Apply(const block::Update& update) override {
    return blocks_.Apply(update);
  }
  absl::StatusOr<uint64_t> PutCrl(const HeldCrl& facts,
                                  CrlPieces pieces) override {
    return crls_.Put(facts, pieces);
  }
  std::vector<HeldBlock> Blocks() const override { return blocks_.Blocks(); }
  std::vector<HeldCrl> Crls() const override { return crls_.Crls(); }

  void Confirm(absl::Duration valid) override;
  ReplicaStatus Status() const override;

  // OK while the last confirmation holds. Unavailable, with a message for
  // anybody, before the first since the start and afterwards.
  absl::Status Ready() const;

 private:
  BlockCache& blocks_;
  CrlCache& crls_;
  const base::Clock& clock_;
  mutable base::Mutex mu_;
  absl::Time ready_until_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_CACHE_VERIFIED_REPLICA_H_
