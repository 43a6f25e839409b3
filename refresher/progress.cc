#include "refresher/progress.h"

#include <algorithm>
#include <cstdio>

#include "absl/strings/str_format.h"

namespace chancery::refresher {
namespace {

constexpr uint64_t kBarWidth = 40;
constexpr absl::Duration kSayAgain = absl::Minutes(1);

}  // namespace

std::string ProgressBar(absl::string_view stage, uint64_t done,
                        uint64_t total) {
  done = std::min(done, total);
  const double part =
      total == 0 ? 1 : static_cast<double>(done) / static_cast<double>(total);
  const auto filled = static_cast<uint64_t>(part * kBarWidth);
  return absl::StrFormat("%-10s [%s%s] %3d%% %d/%d", stage,
                         std::string(filled, '#'),
                         std::string(kBarWidth - filled, ' '),
                         static_cast<int>(part * 100), done, total);
}

Progress::~Progress() {
  if (terminal_ && !stage_.empty()) std::fputc('\n', stderr);
}

void Progress::Report(absl::string_view stage, uint64_t done, uint64_t total) {
  const bool begins = stage_ != stage;
  if (terminal_) {
    std::fprintf(stderr, "%s\r%s", begins && !stage_.empty() ? "\n" : "",
                 ProgressBar(stage, done, total).c_str());
    std::fflush(stderr);
  } else if (const absl::Time now = clock_.Now(); begins || now >= say_again_) {
    log_.Info("progress", {{"stage", stage}, {"done", done}, {"total", total}});
    say_again_ = now + kSayAgain;
  }
  stage_ = std::string(stage);
}

}  // namespace chancery::refresher
