// One proof for several leaves of a perfect tree: that only they changed.
//
// A tree of 2^k leaves, positions changed P. The proof is the hashes of the
// nodes beside the paths from P to the root, level by level from the leaves,
// left to right. From old leaves and proof follows the old root, from new
// leaves and the same proof the new one; so nothing outside P is different.
//
//              o              P = {2}: proof = [3, A]
//            /   \            root = H(A, H(2, 3))
//          A       o
//         / \     / \         P = {2, 3}: proof = [A]
//        0   1   2   3
#ifndef CHANCERY_MERKLE_MULTIPROOF_H_
#define CHANCERY_MERKLE_MULTIPROOF_H_

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "merkle/tree.h"

namespace chancery::merkle {

// All nodes of a perfect tree, kept so that changing a leaf costs k hashes.
// A value; thread-compatible.
class PerfectTree {
 public:
  // `capacity` is a power of two; every leaf is `empty`. Costs k hashes.
  PerfectTree(uint32_t capacity, const Hash& empty);

  uint32_t capacity() const { return capacity_; }
  const Hash& leaf(uint32_t position) const {
    return nodes_[capacity_ + position];
  }
  const Hash& root() const { return nodes_[1]; }

  // Replaces one leaf and the nodes above it.
  void Set(uint32_t position, const Hash& leaf);
  // Replaces many: each node above is hashed once.
  void SetAll(std::span<const Hash> leaves);  // capacity() of them.

  // `positions`: ascending, without repetition, each below capacity().
  std::vector<Hash> Prove(std::span<const uint32_t> positions) const;

 private:
  uint32_t capacity_;
  std::vector<Hash> nodes_;  // As a heap: 1 is the root, 2i and 2i+1 below i.
};

// The root that follows from `leaves` at `positions` and a proof.
// InvalidArgument: positions are not ascending or not below `capacity`, or the
// proof has a hash too few or too many.
absl::StatusOr<Hash> RootFromMultiproof(uint32_t capacity,
                                        std::span<const uint32_t> positions,
                                        std::span<const Hash> leaves,
                                        std::span<const Hash> proof);

}  // namespace chancery::merkle

#endif  // CHANCERY_MERKLE_MULTIPROOF_H_
