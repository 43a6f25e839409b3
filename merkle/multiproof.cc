#include "merkle/multiproof.h"

#include <bit>

#include "absl/status/status.h"

namespace chancery::merkle {

PerfectTree::PerfectTree(uint32_t capacity, const Hash& empty)
    : capacity_(capacity), nodes_(size_t{2} * capacity) {
  Hash level = empty;
  for (uint32_t width = capacity; width >= 1; width /= 2) {
    for (uint32_t i = 0; i < width; ++i) nodes_[width + i] = level;
    if (width == 1) break;
    level = NodeHash(level, level);
  }
}

void PerfectTree::Set(uint32_t position, const Hash& leaf) {
  uint32_t i = capacity_ + position;
  nodes_[i] = leaf;
  for (i /= 2; i >= 1; i /= 2)
    nodes_[i] = NodeHash(nodes_[2 * i], nodes_[2 * i + 1]);
}

void PerfectTree::SetAll(std::span<const Hash> leaves) {
  std::vector<bool> changed(nodes_.size());
  for (uint32_t i = 0; i < capacity_; ++i) {
    if (nodes_[capacity_ + i] == leaves[i]) continue;
    nodes_[capacity_ + i] = leaves[i];
    changed[capacity_ + i] = true;
  }
  for (uint32_t i = capacity_ - 1; i >= 1; --i) {
    if (!changed[2 * i] && !changed[2 * i + 1]) continue;
    nodes_[i] = NodeHash(nodes_[2 * i], nodes_[2 * i + 1]);
    changed[i] = true;
  }
}

std::vector<Hash> PerfectTree::Prove(
    std::span<const uint32_t> positions) const {
  std::vector<Hash> proof;
  std::vector<uint32_t> level;
  for (uint32_t position : positions) level.push_back(capacity_ + position);
  while (!level.empty() && level.front() > 1) {
    std::vector<uint32_t> above;
    for (size_t i = 0; i < level.size(); ++i) {
      const uint32_t beside = level[i] ^ 1;
      if (i + 1 < level.size() && level[i + 1] == beside) {
        ++i;
      } else {
        proof.push_back(nodes_[beside]);
      }
      above.push_back(beside / 2);
    }
    level = std::move(above);
  }
  return proof;
}

absl::StatusOr<Hash> RootFromMultiproof(uint32_t capacity,
                                        std::span<const uint32_t> positions,
                                        std::span<const Hash> leaves,
                                        std::span<const Hash> proof) {
  if (!std::has_single_bit(capacity) || positions.empty() ||
      positions.size() != leaves.size()) {
    return absl::InvalidArgumentError("proof: wrong shape");
  }
  struct Node {
    uint32_t index;
    Hash hash;
  };
  std::vector<Node> level;
  for (size_t i = 0; i < positions.size(); ++i) {
    if (positions[i] >= capacity ||
        (i > 0 && positions[i] <= positions[i - 1])) {
      return absl::InvalidArgumentError("proof: positions are not ascending");
    }
    level.push_back({capacity + positions[i], leaves[i]});
  }
  while (level.front().index > 1) {
    std::vector<Node> above;
    for (size_t i = 0; i < level.size(); ++i) {
      const Node& node = level[i];
      Hash beside;
      if (i + 1 < level.size() && level[i + 1].index == (node.index ^ 1)) {
        beside = level[i + 1].hash;
      } else {
        if (proof.empty())
          return absl::InvalidArgumentError("proof: a hash is missing");
        beside = proof.front();
        proof = proof.subspan(1);
      }
      const bool left = node.index % 2 == 0;
      above.push_back({node.index / 2, left ? NodeHash(node.hash, beside)
                                            : NodeHash(beside, node.hash)});
      if (i + 1 < level.size() && level[i + 1].index == (node.index ^ 1)) ++i;
    }
    level = std::move(above);
  }
  if (!proof.empty())
    return absl::InvalidArgumentError("proof: a hash too many");
  return level.front().hash;
}

}  // namespace chancery::merkle
