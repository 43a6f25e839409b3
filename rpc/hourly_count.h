#ifndef CHANCERY_RPC_HOURLY_COUNT_H_
#define CHANCERY_RPC_HOURLY_COUNT_H_

#include <array>
#include <cstdint>

#include "absl/time/time.h"

namespace chancery::rpc {

// How much happened in the last 60 minutes, to the minute: at no time more than
// the limit in any hour. Thread-compatible.
class HourlyCount {
 public:
  // False, and nothing is counted, if that would be more than `limit`.
  bool Take(absl::Time now, uint64_t limit);

  // Counts what happened at `at`, whatever the limit.
  void Add(absl::Time at);

  // What happened longer ago than this counts no more.
  static constexpr absl::Duration Reach() { return absl::Minutes(kMinutes); }

 private:
  struct Minute {
    int64_t at = -1;  // Minutes since 1970.
    uint64_t count = 0;
  };
  // One more than the hour has, as its first and last minute are parts.
  static constexpr int64_t kMinutes = 61;
  std::array<Minute, kMinutes> minutes_;
};

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_HOURLY_COUNT_H_
