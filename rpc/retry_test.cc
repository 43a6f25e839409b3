#include "rpc/retry.h"

#include <vector>

#include "base/testing/fake_clock.h"
#include "base/testing/status_matchers.h"
#include "gmock/gmock.h"

namespace chancery::rpc {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;

// Always the same byte.
class FixedRandom final : public base::Random {
 public:
  explicit FixedRandom(char byte) : byte_(byte) {}
  std::string Bytes(size_t size) override { return std::string(size, byte_); }

 private:
  char byte_;
};

class RetryUnavailableTest : public ::testing::Test {
 protected:
  // Fails `failures` times, then succeeds.
  absl::Status Retry(int failures, absl::Duration timeout) {
    return RetryUnavailable(
        clock_, random_,
        [this](absl::Duration wait) {
          waits_.push_back(wait);
          clock_.Advance(wait);
          return !stopped_;
        },
        clock_.Now() + timeout,
        [&] {
          ++calls_;
          return calls_ > failures ? absl::OkStatus()
                                   : absl::UnavailableError("down");
        },
        {.min_backoff = absl::Seconds(1), .max_backoff = absl::Seconds(4)});
  }

  base::testing::FakeClock clock_{absl::UnixEpoch()};
  FixedRandom random_{'\xff'};
  std::vector<absl::Duration> waits_;
  bool stopped_ = false;
  int calls_ = 0;
};

TEST_F(RetryUnavailableTest, WaitsLongerEachTimeUpToABound) {
  EXPECT_THAT(Retry(5, absl::Hours(1)), IsOk());
  EXPECT_THAT(waits_, ::testing::ElementsAre(absl::Seconds(1), absl::Seconds(2),
                                             absl::Seconds(4), absl::Seconds(4),
                                             absl::Seconds(4)));
}

TEST_F(RetryUnavailableTest, WaitsForHalfTheTimeAtLeast) {
  random_ = FixedRandom('\0');
  EXPECT_THAT(Retry(1, absl::Hours(1)), IsOk());
  EXPECT_THAT(waits_, ::testing::ElementsAre(absl::Milliseconds(500)));
}

TEST_F(RetryUnavailableTest, GivesUpAtTheDeadline) {
  EXPECT_THAT(Retry(100, absl::Seconds(6)),
              StatusIs(absl::StatusCode::kUnavailable, "down"));
  EXPECT_EQ(calls_, 3);
}

TEST_F(RetryUnavailableTest, GivesUpWhenTheProcessStops) {
  stopped_ = true;
  EXPECT_THAT(Retry(100, absl::Hours(1)),
              StatusIs(absl::StatusCode::kUnavailable, "down"));
  EXPECT_EQ(calls_, 1);
}

TEST_F(RetryUnavailableTest, ReturnsOtherErrorsAtOnce) {
  int calls = 0;
  EXPECT_THAT(RetryUnavailable(
                  clock_, random_, [](absl::Duration) { return true; },
                  absl::InfiniteFuture(),
                  [&] {
                    ++calls;
                    return absl::InternalError("broken");
                  }),
              StatusIs(absl::StatusCode::kInternal, "broken"));
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace chancery::rpc
