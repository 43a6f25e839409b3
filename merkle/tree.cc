#include "merkle/tree.h"

#include <bit>
#include <cstring>

#include "absl/status/status.h"

namespace chancery::merkle {

Hash LeafHash(base::Bytes entry) {
  static constexpr uint8_t kPrefix[] = {0x00};
  return crypto::Sha256Stream().Update(kPrefix).Update(entry).Finish();
}

Hash NodeHash(const Hash& left, const Hash& right) {
  uint8_t input[1 + 2 * sizeof(Hash)];
  input[0] = 0x01;
  std::memcpy(input + 1, left.data(), left.size());
  std::memcpy(input + 1 + left.size(), right.data(), right.size());
  return crypto::Sha256(input);
}

Hash EmptyRoot() { return crypto::Sha256({}); }

Hash RootOf(std::span<const Hash> leaves) {
  if (leaves.empty()) return EmptyRoot();
  // Level by level: a node without a partner moves up as it is, which gives the
  // same tree as splitting at the largest power of two.
  std::vector<Hash> level(leaves.begin(), leaves.end());
  while (level.size() > 1) {
    size_t out = 0;
    for (size_t i = 0; i < level.size(); i += 2) {
      level[out++] =
          i + 1 < level.size() ? NodeHash(level[i], level[i + 1]) : level[i];
    }
    level.resize(out);
  }
  return level.front();
}

void Frontier::Append(const Hash& leaf) {
  Hash node = leaf;
  for (uint64_t rest = size_; rest & 1; rest >>= 1) {
    node = NodeHash(subtrees_.back(), node);
    subtrees_.pop_back();
  }
  subtrees_.push_back(node);
  ++size_;
}

Hash Frontier::Root() const {
  if (subtrees_.empty()) return EmptyRoot();
  Hash root = subtrees_.back();
  for (size_t i = subtrees_.size() - 1; i-- > 0;)
    root = NodeHash(subtrees_[i], root);
  return root;
}

std::string Frontier::Encode() const {
  std::string out;
  for (int shift = 56; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(size_ >> shift));
  for (const Hash& hash : subtrees_) base::Append(out, hash);
  return out;
}

absl::StatusOr<Frontier> Frontier::Parse(base::Bytes encoded) {
  if (encoded.size() < 8)
    return absl::InvalidArgumentError("tree state: too short");
  Frontier frontier;
  for (uint8_t byte : encoded.first(8))
    frontier.size_ = frontier.size_ << 8 | byte;
  encoded = encoded.subspan(8);
  const size_t subtrees = std::popcount(frontier.size_);
  if (encoded.size() != subtrees * sizeof(Hash)) {
    return absl::InvalidArgumentError(
        "tree state: its length does not fit its size");
  }
  frontier.subtrees_.resize(subtrees);
  for (Hash& hash : frontier.subtrees_) {
    std::memcpy(hash.data(), encoded.data(), hash.size());
    encoded = encoded.subspan(hash.size());
  }
  return frontier;
}

}  // namespace chancery::merkle
