// Counts that one thread makes and any thread may read.
#ifndef CHANCERY_RESPONDER_COUNTERS_H_
#define CHANCERY_RESPONDER_COUNTERS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"

namespace chancery::responder {

// One count for each enumerator of `Name`, whose last one is kEnd. A single
// writer needs no locked instruction. Aligned so that the counters of two
// threads share no cache line.
template <typename Name>
class alignas(64) Counters {
 public:
  static constexpr size_t kSize = static_cast<size_t>(Name::kEnd);

  // Only ever from one thread.
  void Add(Name name, uint64_t by = 1) {
    std::atomic<uint64_t>& count = counts_[static_cast<size_t>(name)];
    count.store(count.load(std::memory_order_relaxed) + by,
                std::memory_order_relaxed);
  }
  // From any thread.
  uint64_t Get(Name name) const {
    return counts_[static_cast<size_t>(name)].load(std::memory_order_relaxed);
  }

 private:
  std::array<std::atomic<uint64_t>, kSize> counts_{};
};

// The counters of several threads, of which each adds its own. Thread-safe.
template <typename Name>
class CounterPool {
 public:
  // For one thread; valid as long as the pool.
  Counters<Name>& Add() {
    base::MutexLock lock(mu_);
    return all_.emplace_back();
  }

  uint64_t Sum(Name name) const {
    base::MutexLock lock(mu_);
    uint64_t sum = 0;
    for (const Counters<Name>& counters : all_) sum += counters.Get(name);
    return sum;
  }

 private:
  mutable base::Mutex mu_;
  std::deque<Counters<Name>> all_ ABSL_GUARDED_BY(mu_);
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_COUNTERS_H_
