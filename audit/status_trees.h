// Status trees of blocks, as many as memory allows.
#ifndef CHANCERY_AUDIT_STATUS_TREES_H_
#define CHANCERY_AUDIT_STATUS_TREES_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "merkle/multiproof.h"

namespace chancery::audit {

// Keeps the trees that were used last: a tree costs 64 bytes a place, and a few
// milliseconds to make again. Thread-compatible.
class StatusTrees {
 public:
  explicit StatusTrees(size_t max_places) : max_places_(max_places) {}

  // The tree of `block`; `fill` makes one that is not kept any more, from an
  // empty one. Valid until the next call.
  merkle::PerfectTree& Get(
      uint32_t block, uint32_t capacity,
      absl::FunctionRef<void(merkle::PerfectTree& tree)> fill);
  void Forget(uint32_t block);

 private:
  using Uses = std::list<std::pair<uint32_t, merkle::PerfectTree>>;

  const size_t max_places_;
  size_t places_ = 0;
  Uses uses_;  // The latest first.
  absl::flat_hash_map<uint32_t, Uses::iterator> by_block_;
};

}  // namespace chancery::audit

#endif  // CHANCERY_AUDIT_STATUS_TREES_H_
