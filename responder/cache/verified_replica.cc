#include "responder/cache/verified_replica.h"

#include <algorithm>

#include "base/status_macros.h"

namespace chancery::responder {

BlockOutcome VerifiedReplica::Apply(const block::Update& update) {
  BlockOutcome outcome = blocks_.Apply(update);
  const auto id = block::ToBlockId(update.block_id);
  if (outcome.accepted && id.has_value()) heads_.Holds(*id, outcome.version);
  return outcome;
}

absl::StatusOr<HeadStatus> VerifiedReplica::PutHead(
    const block::SignedHead& signed_head) {
  RETURN_IF_ERROR(heads_.Put(signed_head));
  return Standing();
}

absl::Status VerifiedReplica::Ready() const {
  RETURN_IF_ERROR(heads_.Ready());
  return crls_.Complete();
}

HeadStatus VerifiedReplica::Standing() const {
  const HeadKeeper::Standing standing = heads_.standing();
  HeadStatus out{.blocks_behind = standing.blocks_behind,
                 .ready = Ready().ok()};
  if (standing.met.has_value()) {
    out.met = standing.met->time;
    out.reflected_size = standing.met->reflected_size;
  }
  return out;
}

ReplicaStatus VerifiedReplica::Status() const {
  const BlockCache::Totals totals = blocks_.Count();
  const HeadStatus head = Standing();
  return {.blocks = totals.blocks,
          .certificates = totals.certificates,
          .newest_version = totals.newest_version,
          .crls = crls_.Crls().size(),
          .ready = head.ready,
          .head = head};
}

}  // namespace chancery::responder
