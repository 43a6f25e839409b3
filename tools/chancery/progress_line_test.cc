#include "tools/chancery/progress_line.h"

#include <sstream>

#include "base/testing/fake_clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chancery::cli {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ProgressLineTest : public ::testing::Test {
 protected:
  base::testing::FakeClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  std::ostringstream out_;
};

TEST_F(ProgressLineTest, ATerminalSeesItInPlace) {
  {
    ProgressLine line(out_, true, clock_, "revoke");
    clock_.Advance(absl::Seconds(2));
    line.Show(1'000, 10'000, 1'000);
    EXPECT_THAT(out_.str(), StartsWith("\rrevoke"));
    EXPECT_THAT(out_.str(), EndsWith("1000/10000, 500/s, 0:18 left"));
    clock_.Advance(absl::Seconds(18));
    line.Show(10'000, 10'000, 10'000);
    // What is left of the line before is overwritten.
    EXPECT_THAT(out_.str(), EndsWith("10000/10000, 500/s          "));
  }
  EXPECT_THAT(out_.str(), EndsWith(" \n"));
}

TEST_F(ProgressLineTest, OthersAreToldNowAndThen) {
  ProgressLine line(out_, false, clock_, "revoke");
  line.Show(1, 9, 1);
  EXPECT_EQ(out_.str(), "");
  clock_.Advance(absl::Seconds(10));
  line.Show(2, 9, 2);
  clock_.Advance(absl::Seconds(9));
  line.Show(3, 9, 3);
  EXPECT_THAT(out_.str(), EndsWith("2/9, 0.2/s, 0:35 left\n"));
}

// A call that goes on where another stopped is no faster for it.
TEST_F(ProgressLineTest, WhatWasDoneBeforeIsNoRate) {
  ProgressLine line(out_, true, clock_, "revoke");
  clock_.Advance(absl::Seconds(10));
  line.Show(90, 100, 0);
  EXPECT_THAT(out_.str(), EndsWith("90/100"));
  line.Show(95, 100, 5);
  EXPECT_THAT(out_.str(), HasSubstr("95/100, 0.5/s, 0:10 left"));
}

}  // namespace
}  // namespace chancery::cli
