// How the signer makes versions of a block: facts and signed records in, a
// manifest over them signed.
#ifndef CHANCERY_BLOCK_DRAFT_H_
#define CHANCERY_BLOCK_DRAFT_H_

#include <vector>

#include "absl/status/statusor.h"
#include "block/block.h"
#include "block/delta.h"
#include "crypto/signing_key.h"
#include "merkle/multiproof.h"

namespace chancery::block {

// A block whose every place is in `records`, in which all that is not about
// records is as in `facts`: count, roots and templates are filled in here.
absl::StatusOr<Block> SignWhole(Manifest facts, Templates templates,
                                const std::vector<Record>& records,
                                const crypto::SigningKey& manifest_key);

// The trees over a block's places. Whoever signs one delta after another keeps
// them beside the block: to make them costs milliseconds for a full one, which
// is what most of a delta would cost without.
struct BlockTrees {
  explicit BlockTrees(const Block& block)
      : records(block.RecordTree()), statuses(block.StatusTree()) {}

  merkle::PerfectTree records;
  merkle::PerfectTree statuses;
};

// The delta that changes `changes` (ascending places; new places extend the
// block) of `base`, and the block after it. Of `facts` these are taken:
// version, refresh_at, produced_at, ledger_size; the rest follows from `base`.
struct SignedDelta {
  Delta delta;
  Block block;
};
absl::StatusOr<SignedDelta> SignDelta(const Block& base, const Manifest& facts,
                                      std::vector<Change> changes,
                                      const crypto::SigningKey& manifest_key);

// As above with trees that are at hand: they are those of `base`, and of the
// new block afterwards. After a failure they are as they were.
absl::StatusOr<SignedDelta> SignDelta(const Block& base, BlockTrees& trees,
                                      const Manifest& facts,
                                      std::vector<Change> changes,
                                      const crypto::SigningKey& manifest_key);

}  // namespace chancery::block

#endif  // CHANCERY_BLOCK_DRAFT_H_
