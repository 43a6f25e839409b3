#include "base/reader_gate.h"

#include "absl/time/clock.h"

namespace chancery::base {

bool ReaderGate::Wait(absl::Duration patience) const {
  constexpr absl::Duration kStep = absl::Microseconds(50);
  // A line that was once seen empty has none of the readers of before: each
  // began before what it loaded was replaced, or loads what replaced it.
  for (const Line& line : lines_) {
    while (line.readers.load() != 0) {
      if (patience <= absl::ZeroDuration()) return false;
      absl::SleepFor(kStep);
      patience -= kStep;
    }
  }
  return true;
}

}  // namespace chancery::base
