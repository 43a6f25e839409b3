// Proofs about an append-only tree (RFC 6962 section 2.1, RFC 9162 section
// 2.1.3 and 2.1.4): that a leaf is in it, and that it only grew.
//
//             r7                 inclusion of 2 in 7: [3, n01, n456]
//          /      \              consistency of 3 with 7: [2, 3, n01, n456]
//      n0123      n456
//      /   \      /  \           The hashes go from the leaves to the root.
//    n01   n23  n45   6
//    / \   / \  / \              .
//   0   1 2   3 4   5
#ifndef CHANCERY_MERKLE_PROOF_H_
#define CHANCERY_MERKLE_PROOF_H_

#include <cstdint>
#include <span>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "merkle/tree.h"

namespace chancery::merkle {

// The hash of leaf `index`, from wherever leaves are kept; its errors are
// passed on.
using LeafSource = absl::FunctionRef<absl::StatusOr<Hash>(uint64_t index)>;

// That leaf `index` is in the tree of the first `size` leaves. Asks for every
// leaf but that one, each once. OutOfRange: there is no such leaf.
absl::StatusOr<std::vector<Hash>> ProveInclusion(uint64_t index, uint64_t size,
                                                 LeafSource leaf);

// OK when `leaf`, `proof` and the position give `root`. InvalidArgument says
// what does not fit: also a proof with a hash too few or too many.
absl::Status VerifyInclusion(const Hash& leaf, uint64_t index, uint64_t size,
                             std::span<const Hash> proof, const Hash& root);

// That the tree of the first `size` leaves began as that of `old_size`. Asks
// for each leaf at most once. OutOfRange unless 1 <= old_size <= size.
absl::StatusOr<std::vector<Hash>> ProveConsistency(uint64_t old_size,
                                                   uint64_t size,
                                                   LeafSource leaf);

// OK when `proof` gives both roots. InvalidArgument otherwise, as above. An
// empty old tree proves nothing and is refused.
absl::Status VerifyConsistency(uint64_t old_size, const Hash& old_root,
                               uint64_t size, const Hash& root,
                               std::span<const Hash> proof);

}  // namespace chancery::merkle

#endif  // CHANCERY_MERKLE_PROOF_H_
