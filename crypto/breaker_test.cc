#include "crypto/breaker.h"

#include <atomic>

#include "base/testing/fake_clock.h"
#include "base/testing/status_matchers.h"
#include "gtest/gtest.h"

namespace chancery::crypto {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;

class BreakerTest : public ::testing::Test {
 protected:
  void Fail(int times) {
    for (int i = 0; i < times; ++i) {
      breaker_.Failed(absl::DataLossError("smoke"));
    }
  }
  // How many of 100 are let through.
  int Admitted() {
    int admitted = 0;
    for (int i = 0; i < 100; ++i) admitted += breaker_.Admit().ok();
    return admitted;
  }

  base::testing::FakeClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  std::atomic<int> open_ = 0;
  Breaker breaker_{clock_,
                   {.failures = 3,
                    .first_pause = absl::Seconds(1),
                    .longest_pause = absl::Seconds(4),
                    .open = &open_}};
};

TEST_F(BreakerTest, StaysClosedUntilEnoughFailedInARow) {
  Fail(2);
  breaker_.Succeeded();
  Fail(2);
  EXPECT_EQ(Admitted(), 100);
  EXPECT_EQ(open_, 0);
  Fail(1);
  EXPECT_EQ(Admitted(), 0);
  EXPECT_EQ(open_, 1);
}

TEST_F(BreakerTest, SaysWhatFailedAndWhenItIsTriedAgain) {
  Fail(3);
  clock_.Advance(absl::Milliseconds(400));
  EXPECT_THAT(breaker_.Admit(), StatusIs(absl::StatusCode::kUnavailable,
                                         "failed 3 times in a row; the next "
                                         "try is in 600ms; last: smoke"));
}

TEST_F(BreakerTest, LetsOneThroughAfterPausesThatDoubleUpToALimit) {
  Fail(3);
  for (const int seconds : {1, 2, 4, 4, 4}) {
    clock_.Advance(absl::Seconds(seconds) - absl::Milliseconds(1));
    EXPECT_EQ(Admitted(), 0) << seconds;
    clock_.Advance(absl::Milliseconds(1));
    EXPECT_EQ(Admitted(), 1) << seconds;
    Fail(1);
  }
}

TEST_F(BreakerTest, LetsAnotherThroughIfOneNeverComesBack) {
  Fail(3);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(Admitted(), 1);
  clock_.Advance(absl::Seconds(2));
  EXPECT_EQ(Admitted(), 1);
}

TEST_F(BreakerTest, ClosesAndForgetsItsPausesOnASuccess) {
  Fail(3);
  clock_.Advance(absl::Seconds(1));
  ASSERT_THAT(breaker_.Admit(), IsOk());
  breaker_.Succeeded();
  EXPECT_EQ(open_, 0);
  EXPECT_EQ(Admitted(), 100);
  Fail(3);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(Admitted(), 1);
}

TEST_F(BreakerTest, DoesNotWaitForAClockThatWasSetBack) {
  Fail(3);
  clock_.Advance(-absl::Hours(24));
  EXPECT_EQ(Admitted(), 1);
}

TEST_F(BreakerTest, IsNotCountedAsOpenOnceItIsGone) {
  {
    Breaker other(clock_, {.failures = 1, .open = &open_});
    other.Failed(absl::DataLossError("smoke"));
    EXPECT_EQ(open_, 1);
  }
  EXPECT_EQ(open_, 0);
}

}  // namespace
}  // namespace chancery::crypto
