#include "rpc/hourly_count.h"

namespace chancery::rpc {

bool HourlyCount::Take(absl::Time now, uint64_t limit) {
  const int64_t minute = absl::ToUnixSeconds(now) / 60;
  uint64_t total = 0;
  for (const Minute& past : minutes_) {
    // A clock that was set back forgives nothing.
    if (past.at > minute - kMinutes) total += past.count;
  }
  if (total >= limit) return false;
  Minute& current = minutes_[static_cast<size_t>(minute % kMinutes)];
  if (current.at != minute) current = {.at = minute, .count = 0};
  ++current.count;
  return true;
}

}  // namespace chancery::rpc
