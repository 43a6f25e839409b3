#ifndef CHANCERY_RESPONDER_CACHE_KEY_RING_H_
#define CHANCERY_RESPONDER_CACHE_KEY_RING_H_

#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "block/key_set.h"

namespace chancery::responder {

// The key set that a responder believes now (TRUST 4). Thread-safe.
class KeyRing {
 public:
  explicit KeyRing(block::KeySet keys)
      : keys_(std::make_shared<const block::KeySet>(std::move(keys))) {}

  std::shared_ptr<const block::KeySet> Now() const {
    base::MutexLock lock(mu_);
    return keys_;
  }
  // From now on; what was verified under the one before is to be looked at
  // again (BlockCache::DropUnbelieved, HeadKeeper::KeysChanged).
  void Replace(block::KeySet keys) {
    auto next = std::make_shared<const block::KeySet>(std::move(keys));
    base::MutexLock lock(mu_);
    keys_ = std::move(next);
  }

 private:
  mutable base::Mutex mu_;
  std::shared_ptr<const block::KeySet> keys_ ABSL_GUARDED_BY(mu_);
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_CACHE_KEY_RING_H_
