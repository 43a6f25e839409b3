#include "tools/chancery/progress_line.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/progress_bar.h"

namespace chancery::cli {
namespace {

constexpr absl::Duration kSayAgain = absl::Seconds(10);

}  // namespace

ProgressLine::ProgressLine(std::ostream& out, bool terminal,
                           const base::Clock& clock, std::string stage)
    : out_(out),
      terminal_(terminal),
      clock_(clock),
      stage_(std::move(stage)),
      begun_(clock.Now()),
      say_again_(begun_ + kSayAgain) {}

ProgressLine::~ProgressLine() {
  if (terminal_ && shown_ > 0) out_ << std::endl;
}

void ProgressLine::Show(uint64_t done, uint64_t total, uint64_t worked) {
  const absl::Time now = clock_.Now();
  if (!terminal_ && now < say_again_) return;
  say_again_ = now + kSayAgain;
  // As if all of it had gone at the rate of what was worked at here.
  absl::Duration elapsed = now - begun_;
  if (worked > 0) {
    elapsed *= static_cast<double>(done) / static_cast<double>(worked);
  } else {
    elapsed = absl::ZeroDuration();
  }
  std::string line = base::ProgressBar(stage_, done, total, elapsed);
  if (!terminal_) {
    out_ << line << std::endl;
    return;
  }
  const size_t length = line.size();
  // Over a longer one.
  line.append(std::max(shown_, length) - length, ' ');
  out_ << '\r' << line << std::flush;
  shown_ = length;
}

bool ErrorsGoToATerminal() { return isatty(STDERR_FILENO) == 1; }

}  // namespace chancery::cli
