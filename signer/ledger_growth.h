// Lets calls wait for the ledger's next entry without a thread for each.
#ifndef CHANCERY_SIGNER_LEDGER_GROWTH_H_
#define CHANCERY_SIGNER_LEDGER_GROWTH_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "base/mutex.h"
#include "signer/ledger/ledger.h"

namespace chancery::signer {

// Thread-safe.
class LedgerGrowth {
 public:
  // `ledger` must outlive this object.
  explicit LedgerGrowth(const Ledger& ledger, size_t max_waiting = 64);
  ~LedgerGrowth();  // As Stop.
  LedgerGrowth(const LedgerGrowth&) = delete;
  LedgerGrowth& operator=(const LedgerGrowth&) = delete;

  // Calls `then`, once, when the ledger no longer has just `size` entries, or
  // after `wait` (up to a second later). At once if `max_waiting` wait already,
  // and after Stop. `then` runs in the caller's thread or in this object's; it
  // must be quick and must not call this object.
  void When(uint64_t size, absl::Duration wait, std::function<void()> then);

  // Nobody waits any more.
  void Stop();

 private:
  struct Waiting {
    uint64_t size;
    std::chrono::steady_clock::time_point deadline;
    std::function<void()> then;
  };
  void Work();

  const Ledger& ledger_;
  const size_t max_waiting_;
  std::stop_source stop_;
  base::Mutex mu_;
  base::CondVar changed_;
  std::vector<Waiting> waiting_ ABSL_GUARDED_BY(mu_);
  std::thread thread_;  // Last: it uses all others.
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_LEDGER_GROWTH_H_
