#include "refresher/served.h"

#include "gtest/gtest.h"

namespace chancery::refresher {
namespace {

constexpr absl::Time kSince = absl::FromUnixSeconds(1'800'000'000);

ResponderState Ready(uint64_t reflected_size, absl::Duration after = {}) {
  ResponderState state;
  state.head.ready = true;
  state.head.reflected_size = reflected_size;
  state.caught_up_at = kSince + after;
  return state;
}

TEST(AllServeTest, WaitsForEachThatIsReady) {
  EXPECT_TRUE(AllServe({Ready(5), Ready(6)}, 5, kSince, false));
  EXPECT_FALSE(AllServe({Ready(5), Ready(4)}, 5, kSince, false));
}

TEST(AllServeTest, WaitsForCrlsOnlyWhereTheyMatter) {
  const absl::Duration before = -absl::Seconds(1);
  EXPECT_TRUE(AllServe({Ready(5), Ready(5, before)}, 5, kSince, false));
  EXPECT_FALSE(AllServe({Ready(5), Ready(5, before)}, 5, kSince, true));
  EXPECT_TRUE(AllServe({Ready(5), Ready(5)}, 5, kSince, true));
}

TEST(AllServeTest, WaitsForNobodyWhoAnswersNobody) {
  const ResponderState away;
  EXPECT_TRUE(AllServe({Ready(5), away}, 5, kSince, false));
  EXPECT_FALSE(AllServe({away}, 5, kSince, false));
  EXPECT_FALSE(AllServe({}, 5, kSince, false));
}

}  // namespace
}  // namespace chancery::refresher
