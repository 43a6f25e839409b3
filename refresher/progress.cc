#include "refresher/progress.h"

#include <cstdio>

#include "base/progress_bar.h"

namespace chancery::refresher {
namespace {

constexpr absl::Duration kSayAgain = absl::Minutes(1);

}  // namespace

Progress::~Progress() {
  if (terminal_ && !stage_.empty()) std::fputc('\n', stderr);
}

// As if all of `done` had been done at the rate of what was done here.
absl::Duration Progress::Elapsed(uint64_t done, absl::Time now) const {
  if (done <= begun_with_) return absl::ZeroDuration();
  return (now - begun_at_) *
         (static_cast<double>(done) / static_cast<double>(done - begun_with_));
}

void Progress::Report(absl::string_view stage, uint64_t done, uint64_t total) {
  const bool begins = stage_ != stage;
  const absl::Time now = clock_.Now();
  if (begins) {
    begun_at_ = now;
    begun_with_ = done;
  }
  if (terminal_) {
    const std::string line =
        base::ProgressBar(stage, done, total, Elapsed(done, now));
    // Spaces over what is left of a longer line.
    std::fprintf(stderr, "%s\r%-*s", begins && !stage_.empty() ? "\n" : "",
                 static_cast<int>(begins ? 0 : shown_), line.c_str());
    std::fflush(stderr);
    shown_ = line.size();
  } else if (begins || now >= say_again_) {
    log_.Info("progress",
              {{"stage", stage},
               {"done", done},
               {"total", total},
               {"rate", base::RateText(done - begun_with_, now - begun_at_)}});
    say_again_ = now + kSayAgain;
  }
  stage_ = std::string(stage);
}

}  // namespace chancery::refresher
