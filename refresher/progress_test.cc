#include "refresher/progress.h"

#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "base/progress_bar.h"
#include "base/testing/fake_clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chancery::refresher {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ProgressTest : public ::testing::Test {
 protected:
  std::vector<std::string> Lines() const {
    return absl::StrSplit(lines_.str(), '\n', absl::SkipEmpty());
  }

  base::testing::FakeClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  std::ostringstream lines_;
  const rpc::Log log_{{}, clock_, lines_};
};

TEST_F(ProgressTest, WithoutATerminalEachStageSaysSoOnce) {
  Progress progress(clock_, log_, false);
  progress.Report("ledger", 1, 9);
  progress.Report("ledger", 2, 9);
  progress.Report("blocks", 0, 4);
  progress.Report("blocks", 4, 4);
  EXPECT_THAT(Lines(),
              ElementsAre(HasSubstr("progress stage=ledger done=1 total=9"),
                          HasSubstr("progress stage=blocks done=0 total=4")));
}

TEST_F(ProgressTest, ALongStageSaysSoEachMinute) {
  Progress progress(clock_, log_, false);
  progress.Report("blocks", 1, 9);
  clock_.Advance(absl::Seconds(59));
  progress.Report("blocks", 2, 9);
  clock_.Advance(absl::Seconds(1));
  progress.Report("blocks", 3, 9);
  EXPECT_THAT(Lines(), ElementsAre(HasSubstr("done=1"), HasSubstr("done=3")));
}

TEST_F(ProgressTest, ALongStageTellsItsRate) {
  Progress progress(clock_, log_, false);
  progress.Report("blocks", 10, 900);
  clock_.Advance(absl::Minutes(1));
  progress.Report("blocks", 310, 900);
  EXPECT_THAT(Lines().back(), HasSubstr("rate=5.0/s"));
}

TEST_F(ProgressTest, ATerminalGetsABarInPlace) {
  ::testing::internal::CaptureStderr();
  {
    Progress progress(clock_, log_, true);
    progress.Report("ledger", 50, 100);
    clock_.Advance(absl::Seconds(4));
    progress.Report("ledger", 60, 100);
    progress.Report("ledger", 100, 100);
    progress.Report("blocks", 4, 4);
  }
  // 10 in 4 seconds: what was done before it began counts for nothing.
  const std::string middle =
      base::ProgressBar("ledger", 60, 100, absl::Seconds(24));
  std::string last = base::ProgressBar("ledger", 100, 100, absl::Seconds(8));
  if (last.size() < middle.size()) last.resize(middle.size(), ' ');
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "\r" + base::ProgressBar("ledger", 50, 100, absl::ZeroDuration()) +
                "\r" + middle + "\r" + last + "\n\r" +
                base::ProgressBar("blocks", 4, 4, absl::ZeroDuration()) + "\n");
  EXPECT_THAT(middle, HasSubstr("2.5/s, 0:16 left"));
  EXPECT_THAT(Lines(), IsEmpty());
}

}  // namespace
}  // namespace chancery::refresher
