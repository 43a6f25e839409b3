#include "audit/status_trees.h"

#include "block/block.h"

namespace chancery::audit {

merkle::PerfectTree& StatusTrees::Get(
    uint32_t block, uint32_t capacity,
    absl::FunctionRef<void(merkle::PerfectTree& tree)> fill) {
  const auto found = by_block_.find(block);
  if (found != by_block_.end()) {
    uses_.splice(uses_.begin(), uses_, found->second);
    return uses_.front().second;
  }
  while (!uses_.empty() && places_ + capacity > max_places_) {
    places_ -= uses_.back().second.capacity();
    by_block_.erase(uses_.back().first);
    uses_.pop_back();
  }
  uses_.emplace_front(block, merkle::PerfectTree(capacity, block::EmptyLeaf()));
  by_block_[block] = uses_.begin();
  places_ += capacity;
  fill(uses_.front().second);
  return uses_.front().second;
}

void StatusTrees::Forget(uint32_t block) {
  const auto found = by_block_.find(block);
  if (found == by_block_.end()) return;
  places_ -= found->second->second.capacity();
  uses_.erase(found->second);
  by_block_.erase(found);
}

}  // namespace chancery::audit
