#include "refresher/progress.h"

#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "base/testing/fake_clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chancery::refresher {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(ProgressBarTest, ShowsThePartThatIsDone) {
  EXPECT_EQ(ProgressBar("blocks", 0, 4),
            "blocks     [                                        ]   0% 0/4");
  EXPECT_EQ(ProgressBar("blocks", 1, 4),
            "blocks     [##########                              ]  25% 1/4");
  EXPECT_EQ(ProgressBar("responders", 3, 3),
            "responders [########################################] 100% 3/3");
}

TEST(ProgressBarTest, NothingToDoIsAllDone) {
  EXPECT_THAT(ProgressBar("blocks", 0, 0), HasSubstr("100% 0/0"));
}

TEST(ProgressBarTest, IsNeverOverfull) {
  EXPECT_THAT(ProgressBar("blocks", 9, 4), HasSubstr("100% 4/4"));
}

TEST(ProgressBarTest, IsFullOnlyWhenAllIsDone) {
  EXPECT_THAT(ProgressBar("ledger", 9'999'999, 10'000'000), HasSubstr(" 99%"));
}

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

TEST_F(ProgressTest, ATerminalGetsABarInPlace) {
  ::testing::internal::CaptureStderr();
  {
    Progress progress(clock_, log_, true);
    progress.Report("ledger", 1, 2);
    progress.Report("ledger", 2, 2);
    progress.Report("blocks", 4, 4);
  }
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "\r" + ProgressBar("ledger", 1, 2) + "\r" +
                ProgressBar("ledger", 2, 2) + "\n\r" +
                ProgressBar("blocks", 4, 4) + "\n");
  EXPECT_THAT(Lines(), IsEmpty());
}

}  // namespace
}  // namespace chancery::refresher
