#include "rpc/retry.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>

namespace chancery::rpc {
namespace {

// Between half and the whole of `longest`.
absl::Duration Jittered(absl::Duration longest, base::Random& random) {
  const std::string bytes = random.Bytes(sizeof(uint32_t));
  uint32_t number = 0;
  std::memcpy(&number, bytes.data(), sizeof(number));
  return longest * (0.5 + number / (2.0 * UINT32_MAX));
}

}  // namespace

absl::Status RetryUnavailable(const base::Clock& clock, base::Random& random,
                              const Sleeper& sleep, absl::Time deadline,
                              absl::FunctionRef<absl::Status()> call,
                              const RetryOptions& options) {
  absl::Duration backoff = options.min_backoff;
  while (true) {
    absl::Status status = call();
    if (!absl::IsUnavailable(status)) return status;
    const absl::Duration wait = Jittered(backoff, random);
    if (clock.Now() + wait >= deadline || !sleep(wait)) return status;
    backoff = std::min(backoff * 2, options.max_backoff);
  }
}

}  // namespace chancery::rpc
