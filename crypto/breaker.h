// Stops asking what keeps failing, and asks again now and then.
//
//   RETURN_IF_ERROR(breaker.Admit());
//   const absl::Status done = Ask();
//   done.ok() ? breaker.Succeeded() : breaker.Failed(done);
#ifndef CHANCERY_CRYPTO_BREAKER_H_
#define CHANCERY_CRYPTO_BREAKER_H_

#include <atomic>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"

namespace chancery::crypto {

// Closed, it lets everybody pass. `failures` in a row open it: all are refused
// at once, but for one that is let through after each pause, and the pauses
// double. A success closes it. Thread-safe; while it is closed Admit and
// Succeeded are a load of an atomic each.
class Breaker {
 public:
  struct Options {
    int failures = 3;
    absl::Duration first_pause = absl::Seconds(1);
    absl::Duration longest_pause = absl::Seconds(30);
    // Counts the breakers that are open. Null, or outlives this.
    std::atomic<int>* open = nullptr;
  };

  // `clock` must outlive this.
  Breaker(const base::Clock& clock, const Options& options)
      : clock_(clock), options_(options) {}
  ~Breaker();
  Breaker(const Breaker&) = delete;
  Breaker& operator=(const Breaker&) = delete;

  // OK: go on, and tell Succeeded or Failed. Unavailable says what failed last
  // and when the next is let through.
  absl::Status Admit() {
    if (failures_.load(std::memory_order_relaxed) < options_.failures) {
      return absl::OkStatus();
    }
    return AdmitOne();
  }
  void Succeeded() {
    if (failures_.load(std::memory_order_relaxed) != 0) Close();
  }
  // `why` is an error.
  void Failed(const absl::Status& why);

 private:
  absl::Status AdmitOne();
  void Close();
  bool IsOpen() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return failures_.load(std::memory_order_relaxed) >= options_.failures;
  }

  const base::Clock& clock_;
  const Options options_;
  std::atomic<int> failures_ = 0;  // In a row; changed under mu_.
  base::Mutex mu_;
  absl::Status why_ ABSL_GUARDED_BY(mu_);
  absl::Duration pause_ ABSL_GUARDED_BY(mu_);
  absl::Time asked_ ABSL_GUARDED_BY(mu_);  // When the pause began.
};

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_BREAKER_H_
