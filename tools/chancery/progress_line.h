#ifndef CHANCERY_TOOLS_CHANCERY_PROGRESS_LINE_H_
#define CHANCERY_TOOLS_CHANCERY_PROGRESS_LINE_H_

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>

#include "absl/time/time.h"
#include "base/clock.h"

namespace chancery::cli {

// How far a command is: a bar that moves in place on a terminal, a line now and
// then for everybody else. One thread.
class ProgressLine {
 public:
  // Both must outlive this object, which ends the line.
  ProgressLine(std::ostream& out, bool terminal, const base::Clock& clock,
               std::string stage);
  ~ProgressLine();

  // `worked`: how much of `done` was done since this object was made; what was
  // done before tells nothing of the rate.
  void Show(uint64_t done, uint64_t total, uint64_t worked);

 private:
  std::ostream& out_;
  const bool terminal_;
  const base::Clock& clock_;
  const std::string stage_;
  const absl::Time begun_;
  absl::Time say_again_;
  size_t shown_ = 0;  // The line's length.
};

// Whether stderr is a person's.
bool ErrorsGoToATerminal();

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_PROGRESS_LINE_H_
