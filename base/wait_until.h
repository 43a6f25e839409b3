#ifndef CHANCERY_BASE_WAIT_UNTIL_H_
#define CHANCERY_BASE_WAIT_UNTIL_H_

#include "absl/time/time.h"

namespace chancery::base {

// Returns once it is `when`, or at once if it is later.
void WaitUntil(absl::Time when);

}  // namespace chancery::base

#endif  // CHANCERY_BASE_WAIT_UNTIL_H_
