#ifndef CHANCERY_RESPONDER_CACHE_VERIFIED_REPLICA_H_
#define CHANCERY_RESPONDER_CACHE_VERIFIED_REPLICA_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "responder/cache/block_cache.h"
#include "responder/cache/crl_cache.h"
#include "responder/cache/head_keeper.h"
#include "responder/cache/replica.h"

namespace chancery::responder {

// Blocks and CRLs as one Replica, and whether they are known to be current.
// Thread-safe.
class VerifiedReplica final : public Replica {
 public:
  // All must outlive the object.
  VerifiedReplica(BlockCache& blocks, CrlCache& crls, HeadKeeper& heads)
      : blocks_(blocks), crls_(crls), heads_(heads) {}

  BlockOutcome Apply(const block::Update& update) override;
  absl::StatusOr<uint64_t> PutCrl(const HeldCrl& facts,
                                  CrlPieces pieces) override {
    return crls_.Put(facts, pieces);
  }
  std::vector<HeldBlock> Blocks() const override { return blocks_.Blocks(); }
  std::vector<HeldCrl> Crls() const override { return crls_.Crls(); }

  absl::StatusOr<HeadStatus> PutHead(
      const block::SignedHead& signed_head) override;
  ReplicaStatus Status() const override;

  // As HeadKeeper::Ready, and every CRL that was there is there. Heads name no
  // CRLs: one whose file is damaged would be missed by nobody.
  absl::Status Ready() const;

 private:
  HeadStatus Standing() const;

  BlockCache& blocks_;
  CrlCache& crls_;
  HeadKeeper& heads_;
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_CACHE_VERIFIED_REPLICA_H_
