// RFC 6962 section 2.1 trees over leaf hashes, SHA-256.
//
//            root                 leaf hash = SHA-256(0x00 || entry)
//           /    \                node      = SHA-256(0x01 || left || right)
//        n01      2
//       /   \                     Three leaves: the left subtree is the largest
//      0     1                    power of two below the size.
#ifndef CHANCERY_MERKLE_TREE_H_
#define CHANCERY_MERKLE_TREE_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "crypto/digest.h"

namespace chancery::merkle {

using Hash = crypto::Sha256Digest;

Hash LeafHash(base::Bytes entry);
Hash NodeHash(const Hash& left, const Hash& right);

// Of no leaves: SHA-256 of nothing.
Hash EmptyRoot();

// The root over `leaves`, which are leaf hashes.
Hash RootOf(std::span<const Hash> leaves);

// The state of an append-only tree: the roots of its perfect subtrees, from the
// largest to the smallest. Appending costs two hashes on average and the state
// is a few hundred bytes for any size. A value; thread-compatible.
class Frontier {
 public:
  Frontier() = default;

  void Append(const Hash& leaf);
  uint64_t size() const { return size_; }
  Hash Root() const;

  // Eight bytes of size (big-endian), then 32 for each perfect subtree.
  std::string Encode() const;
  // InvalidArgument unless Encode made it.
  static absl::StatusOr<Frontier> Parse(base::Bytes encoded);

 private:
  uint64_t size_ = 0;
  std::vector<Hash> subtrees_;
};

}  // namespace chancery::merkle

#endif  // CHANCERY_MERKLE_TREE_H_
