#ifndef CHANCERY_REFRESHER_PUBLISHER_H_
#define CHANCERY_REFRESHER_PUBLISHER_H_

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "refresher/block_keeper.h"
#include "refresher/update_sink.h"

namespace chancery::refresher {

// What an authority calls with the updates of a certificate that it is about to
// hand out, or of a revocation: stored, and offered to every responder. One
// that misses them finds them in the inventory. Thread-safe.
class Publisher {
 public:
  // Both must outlive this object.
  Publisher(BlockKeeper& keeper, UpdateSink& sink)
      : keeper_(keeper), sink_(sink) {}

  // InvalidArgument: something is not a block or delta. Unavailable: inventory
  // or, for a delta that does not lead from what the inventory has, the signer;
  // the ledger's follower brings the updates later.
  absl::StatusOr<Acknowledged> Publish(const Updates& updates,
                                       absl::Duration wait);

 private:
  BlockKeeper& keeper_;
  UpdateSink& sink_;
};

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_PUBLISHER_H_
