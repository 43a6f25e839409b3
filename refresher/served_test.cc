#include "refresher/served.h"

#include "gtest/gtest.h"

namespace chancery::refresher {
namespace {

constexpr absl::Time kSince = absl::FromUnixSeconds(1'800'000'000);

ResponderState Ready(absl::Duration after) {
  ResponderState state;
  state.ready = true;
  state.caught_up_at = kSince + after;
  return state;
}

TEST(AllServeTest, WaitsForEachThatIsReady) {
  EXPECT_TRUE(AllServe({Ready(absl::Seconds(1)), Ready(absl::ZeroDuration())},
                       5, kSince, true));
  EXPECT_FALSE(AllServe({Ready(absl::Seconds(1)), Ready(-absl::Seconds(1))}, 5,
                        kSince, true));
}

TEST(AllServeTest, WaitsForNobodyWhoAnswersNobody) {
  ResponderState away;
  EXPECT_TRUE(AllServe({Ready(absl::Seconds(1)), away}, 5, kSince, false));
  EXPECT_FALSE(AllServe({away}, 5, kSince, false));
  EXPECT_FALSE(AllServe({}, 5, kSince, false));
}

}  // namespace
}  // namespace chancery::refresher
