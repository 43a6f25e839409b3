// Keeps the inventory's copy of every block in step with the signer's.
#ifndef CHANCERY_REFRESHER_BLOCK_KEEPER_H_
#define CHANCERY_REFRESHER_BLOCK_KEEPER_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "block/update.h"
#include "refresher/signer_client.h"
#include "storage/inventory.h"

namespace chancery::refresher {

using Updates = std::vector<block::Update>;

// Nothing is verified here: responders do. Every call may be repeated, and may
// fail with Unavailable (signer or inventory). Thread-safe.
class BlockKeeper {
 public:
  // After so many deltas a block is fetched whole, which drops them.
  static constexpr int kMaxDeltas = 256;

  // Both must outlive this object.
  BlockKeeper(storage::BlockStore& store, SignerClient& signer)
      : store_(store), signer_(signer) {}

  // Stores what somebody else had signed. A delta that does not lead from what
  // is held is replaced by what the signer has. Returns what should be handed
  // on. InvalidArgument: not a block or delta.
  absl::StatusOr<Updates> Store(const Updates& updates);

  // Stores what the signer signed at this object's owner's request.
  absl::Status StoreSigned(const SignedUpdates& signed_updates);

  // Brings a block of which `have` is held (0: none) to the signer's version
  // and returns what was new. NotFound: the signer has no such block.
  absl::StatusOr<Updates> Fetch(const std::string& block_id, uint64_t have);

  // Returns when each of these versions, or a newer one, was stored through
  // this object, after `wait` at most. What was stored may be lost again by
  // now, if the database failed over: only the inventory knows.
  void AwaitStored(const std::map<std::string, uint64_t>& versions,
                   absl::Duration wait) const;
  // The inventory is older than it was: what was seen is there no more.
  void Forget();

 private:
  struct Seen {
    uint64_t version = 0;
    int deltas = 0;
  };
  // `refresh_at` is the signer's word, where it is known.
  absl::Status StoreOne(const block::Update& update,
                        const absl::Time* refresh_at);
  absl::Status StoreTemplates(const std::vector<std::string>& templates);
  void Note(const block::Update& update);
  bool HasTooManyDeltas(const std::string& block_id) const;

  storage::BlockStore& store_;
  SignerClient& signer_;
  mutable base::Mutex mu_;
  mutable base::CondVar noted_;
  std::map<std::string, Seen> seen_ ABSL_GUARDED_BY(mu_);
};

// When to sign a block again: up to a sixteenth of its time earlier than the
// signer says, never later, so that blocks that were signed together do not
// come due together. The same for the same block and version.
absl::Time SpreadRefresh(const std::string& block_id, uint64_t version,
                         absl::Time this_update, absl::Time refresh_at);

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_BLOCK_KEEPER_H_
