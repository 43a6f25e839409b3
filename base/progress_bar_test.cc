#include "base/progress_bar.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chancery::base {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

TEST(ProgressBarTest, ShowsThePartThatIsDone) {
  EXPECT_EQ(ProgressBar("blocks", 0, 4, absl::ZeroDuration()),
            "blocks     [                                        ]   0% 0/4");
  EXPECT_EQ(ProgressBar("blocks", 1, 4, absl::ZeroDuration()),
            "blocks     [##########                              ]  25% 1/4");
  EXPECT_EQ(ProgressBar("responders", 3, 3, absl::ZeroDuration()),
            "responders [########################################] 100% 3/3");
}

TEST(ProgressBarTest, NothingToDoIsAllDone) {
  EXPECT_THAT(ProgressBar("blocks", 0, 0, absl::Seconds(9)),
              EndsWith("100% 0/0"));
}

TEST(ProgressBarTest, IsNeverOverfull) {
  EXPECT_THAT(ProgressBar("blocks", 9, 4, absl::ZeroDuration()),
              HasSubstr("100% 4/4"));
}

TEST(ProgressBarTest, IsFullOnlyWhenAllIsDone) {
  EXPECT_THAT(
      ProgressBar("ledger", 9'999'999, 10'000'000, absl::ZeroDuration()),
      HasSubstr(" 99%"));
}

TEST(ProgressBarTest, TellsRateAndRemainingTime) {
  EXPECT_THAT(ProgressBar("revoke", 25'000, 100'000, absl::Seconds(10)),
              EndsWith(" 25% 25000/100000, 2500/s, 0:30 left"));
  EXPECT_THAT(ProgressBar("revoke", 1, 3'724, absl::Seconds(1)),
              EndsWith("1/3724, 1.0/s, 1:02:03 left"));
  EXPECT_THAT(ProgressBar("revoke", 4, 4, absl::Seconds(10)),
              EndsWith("100% 4/4, 0.4/s"));
}

TEST(ProgressBarTest, TellsNoRateTooEarly) {
  EXPECT_THAT(ProgressBar("revoke", 5, 100, absl::Milliseconds(999)),
              EndsWith("5/100"));
  EXPECT_THAT(ProgressBar("revoke", 0, 100, absl::Minutes(9)),
              EndsWith("0/100"));
}

TEST(ClockTextTest, CountsDownToZeroOnlyAtTheEnd) {
  EXPECT_EQ(ClockText(absl::ZeroDuration()), "0:00");
  EXPECT_EQ(ClockText(absl::Milliseconds(1)), "0:01");
  EXPECT_EQ(ClockText(absl::Seconds(3599)), "59:59");
  EXPECT_EQ(ClockText(absl::Hours(30)), "30:00:00");
  EXPECT_EQ(ClockText(-absl::Hours(1)), "0:00");
}

}  // namespace
}  // namespace chancery::base
