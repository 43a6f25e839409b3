// How far a long job is, as one line for a terminal.
//
//   revoke     [##########          ]  50% 50000/100000, 2500/s, 0:20 left
#ifndef CHANCERY_BASE_PROGRESS_BAR_H_
#define CHANCERY_BASE_PROGRESS_BAR_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace chancery::base {

// What was done in `elapsed`, of how much. The remaining time is what the rest
// takes at the same rate; neither is shown before there is something to tell
// them from: a second, and one thing done. Nothing to do is all done.
std::string ProgressBar(absl::string_view stage, uint64_t done, uint64_t total,
                        absl::Duration elapsed);

// "0:09", "12:34", "1:02:03"; rounded up, so that it is 0:00 only at the end.
std::string ClockText(absl::Duration duration);

// "0.4/s", "9.5/s", "1200/s".
std::string RateText(uint64_t done, absl::Duration elapsed);

}  // namespace chancery::base

#endif  // CHANCERY_BASE_PROGRESS_BAR_H_
