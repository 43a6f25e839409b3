#include "base/wait_until.h"

#include "absl/time/clock.h"

namespace chancery::base {

void WaitUntil(absl::Time when) {
  const absl::Duration left = when - absl::Now();
  if (left > absl::ZeroDuration()) absl::SleepFor(left);
}

}  // namespace chancery::base
