// Trying again what was only Unavailable.
#ifndef CHANCERY_RPC_RETRY_H_
#define CHANCERY_RPC_RETRY_H_

#include <functional>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/random.h"

namespace chancery::rpc {

struct RetryOptions {
  absl::Duration min_backoff = absl::Milliseconds(50);
  absl::Duration max_backoff = absl::Seconds(5);
};

// How to wait; false when the wait was cut short and nothing should follow
// (Process::SleepFor).
using Sleeper = std::function<bool(absl::Duration)>;

// Calls `call` until it returns something other than Unavailable; waits between
// attempts for a random half to whole of a time that doubles. Gives up, with
// the last error, when `sleep` says so or the next attempt would begin at or
// after `deadline`. `call` must do no harm when done twice.
absl::Status RetryUnavailable(const base::Clock& clock, base::Random& random,
                              const Sleeper& sleep, absl::Time deadline,
                              absl::FunctionRef<absl::Status()> call,
                              const RetryOptions& options = {});

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_RETRY_H_
