#include "merkle/proof.h"

#include <algorithm>
#include <bit>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace chancery::merkle {
namespace {

// The largest power of two below `size`, which is at least 2.
uint64_t Split(uint64_t size) { return std::bit_floor(size - 1); }

absl::StatusOr<Hash> RootOfRange(uint64_t begin, uint64_t end,
                                 LeafSource leaf) {
  Frontier frontier;
  for (uint64_t index = begin; index < end; ++index) {
    ASSIGN_OR_RETURN(const Hash hash, leaf(index));
    frontier.Append(hash);
  }
  return frontier.Root();
}

absl::Status Refused(absl::string_view proof, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(proof, " proof: ", why));
}

}  // namespace

// RFC 6962 section 2.1.1: PATH(m, D[n]), from the root down and then turned.
absl::StatusOr<std::vector<Hash>> ProveInclusion(uint64_t index, uint64_t size,
                                                 LeafSource leaf) {
  if (index >= size) {
    return absl::OutOfRangeError(
        absl::StrCat("inclusion proof: leaf ", index, " of ", size));
  }
  std::vector<Hash> proof;
  uint64_t begin = 0, end = size;
  while (end - begin > 1) {
    const uint64_t middle = begin + Split(end - begin);
    const bool left = index < middle;
    ASSIGN_OR_RETURN(proof.emplace_back(),
                     left ? RootOfRange(middle, end, leaf)
                          : RootOfRange(begin, middle, leaf));
    (left ? end : begin) = middle;
  }
  std::reverse(proof.begin(), proof.end());
  return proof;
}

// RFC 9162 section 2.1.3.2.
absl::Status VerifyInclusion(const Hash& leaf, uint64_t index, uint64_t size,
                             std::span<const Hash> proof, const Hash& root) {
  if (index >= size) return Refused("inclusion", "the tree has no such leaf");
  uint64_t node = index, last = size - 1;
  Hash hash = leaf;
  for (const Hash& beside : proof) {
    if (last == 0) return Refused("inclusion", "a hash too many");
    if ((node & 1) != 0 || node == last) {
      hash = NodeHash(beside, hash);
      while ((node & 1) == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      hash = NodeHash(hash, beside);
    }
    node >>= 1;
    last >>= 1;
  }
  if (last != 0) return Refused("inclusion", "a hash is missing");
  if (hash != root) return Refused("inclusion", "it gives another root");
  return absl::OkStatus();
}

// RFC 6962 section 2.1.2: SUBPROOF(m, D[n], b), from the root down and then
// turned. `known` is b: whether what is left of the old tree is a subtree whose
// root the verifier has.
absl::StatusOr<std::vector<Hash>> ProveConsistency(uint64_t old_size,
                                                   uint64_t size,
                                                   LeafSource leaf) {
  if (old_size < 1 || old_size > size) {
    return absl::OutOfRangeError(absl::StrCat(
        "consistency proof: from ", old_size, " to ", size, " leaves"));
  }
  std::vector<Hash> proof;
  uint64_t begin = 0, end = size;
  bool known = true;
  while (end != old_size) {
    const uint64_t middle = begin + Split(end - begin);
    if (old_size <= middle) {
      ASSIGN_OR_RETURN(proof.emplace_back(), RootOfRange(middle, end, leaf));
      end = middle;
    } else {
      ASSIGN_OR_RETURN(proof.emplace_back(), RootOfRange(begin, middle, leaf));
      begin = middle;
      known = false;
    }
  }
  if (!known) {
    ASSIGN_OR_RETURN(proof.emplace_back(), RootOfRange(begin, end, leaf));
  }
  std::reverse(proof.begin(), proof.end());
  return proof;
}

// RFC 9162 section 2.1.4.2.
absl::Status VerifyConsistency(uint64_t old_size, const Hash& old_root,
                               uint64_t size, const Hash& root,
                               std::span<const Hash> proof) {
  if (old_size < 1 || old_size > size) {
    return Refused("consistency", "not from a smaller tree that has leaves");
  }
  if (old_size == size) {
    if (!proof.empty()) return Refused("consistency", "a hash too many");
    if (old_root != root)
      return Refused("consistency", "two roots for one size");
    return absl::OkStatus();
  }
  // Up to where the old tree's last perfect subtree has its root.
  uint64_t node = old_size - 1, last = size - 1;
  const int perfect = std::countr_one(node);
  node >>= perfect;
  last >>= perfect;
  Hash old_hash = old_root;
  if (node != 0) {
    if (proof.empty()) return Refused("consistency", "a hash is missing");
    old_hash = proof.front();
    proof = proof.subspan(1);
  }
  Hash hash = old_hash;
  for (const Hash& beside : proof) {
    if (last == 0) return Refused("consistency", "a hash too many");
    if ((node & 1) != 0 || node == last) {
      old_hash = NodeHash(beside, old_hash);
      hash = NodeHash(beside, hash);
      while ((node & 1) == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      hash = NodeHash(hash, beside);
    }
    node >>= 1;
    last >>= 1;
  }
  if (last != 0) return Refused("consistency", "a hash is missing");
  if (old_hash != old_root)
    return Refused("consistency", "it gives another old root");
  if (hash != root) return Refused("consistency", "it gives another root");
  return absl::OkStatus();
}

}  // namespace chancery::merkle
