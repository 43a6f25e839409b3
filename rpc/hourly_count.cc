#include "rpc/hourly_count.h"

namespace chancery::rpc {
namespace {

int64_t MinuteOf(absl::Time time) { return absl::ToUnixSeconds(time) / 60; }

}  // namespace

bool HourlyCount::Take(absl::Time now, uint64_t limit) {
  const int64_t minute = MinuteOf(now);
  uint64_t total = 0;
  for (const Minute& past : minutes_) {
    // A clock that was set back forgives nothing.
    if (past.at > minute - kMinutes) total += past.count;
  }
  if (total >= limit) return false;
  Add(now);
  return true;
}

void HourlyCount::Add(absl::Time at) {
  const int64_t minute = MinuteOf(at);
  Minute& place = minutes_[static_cast<size_t>(minute % kMinutes)];
  // What is counted there of a later hour is kept, and this with it.
  if (place.at < minute) place = {.at = minute, .count = 0};
  ++place.count;
}

}  // namespace chancery::rpc
