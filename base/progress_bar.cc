#include "base/progress_bar.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace chancery::base {
namespace {

constexpr uint64_t kBarWidth = 40;
constexpr absl::Duration kTooEarly = absl::Seconds(1);

}  // namespace

std::string ClockText(absl::Duration duration) {
  const int64_t seconds = std::max<int64_t>(
      0, absl::ToInt64Seconds(absl::Ceil(duration, absl::Seconds(1))));
  if (seconds < 3600) {
    return absl::StrFormat("%d:%02d", seconds / 60, seconds % 60);
  }
  return absl::StrFormat("%d:%02d:%02d", seconds / 3600, seconds / 60 % 60,
                         seconds % 60);
}

std::string RateText(uint64_t done, absl::Duration elapsed) {
  const double rate = static_cast<double>(done) /
                      std::max(absl::ToDoubleSeconds(elapsed), 1e-9);
  return rate < 9.95 ? absl::StrFormat("%.1f/s", rate)
                     : absl::StrFormat("%.0f/s", rate);
}

std::string ProgressBar(absl::string_view stage, uint64_t done, uint64_t total,
                        absl::Duration elapsed) {
  done = std::min(done, total);
  const double part =
      total == 0 ? 1 : static_cast<double>(done) / static_cast<double>(total);
  const auto filled = static_cast<uint64_t>(part * kBarWidth);
  std::string line = absl::StrFormat("%-10s [%s%s] %3d%% %d/%d", stage,
                                     std::string(filled, '#'),
                                     std::string(kBarWidth - filled, ' '),
                                     static_cast<int>(part * 100), done, total);
  if (done == 0 || elapsed < kTooEarly) return line;
  absl::StrAppend(&line, ", ", RateText(done, elapsed));
  if (done < total) {
    absl::StrAppend(&line, ", ", ClockText(elapsed * ((1 - part) / part)),
                    " left");
  }
  return line;
}

}  // namespace chancery::base
