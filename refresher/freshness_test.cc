#include "refresher/freshness.h"

#include <string>

#include "base/testing/status_matchers.h"
#include "gtest/gtest.h"
#include "refresher/testing/refresher_fixture.h"

namespace chancery::refresher {
namespace {

using base::testing::IsOk;

class FreshnessTest : public testing::RefresherFixture {
 protected:
  // Of a response that is valid for 96 h: due after 48, to be there after 88,
  // less the second by which nextUpdate comes before the end.
  void Put(const std::string& name, absl::Time this_update,
           absl::Duration validity = absl::Hours(96)) {
    ASSERT_THAT(inventory_.PutBlock(
                    {.block_id = name,
                     .issuer_id = std::string(32, 'i'),
                     .version = 1,
                     .refresh_at = this_update + validity / 2,
                     .this_update = this_update,
                     .next_update = this_update + validity - absl::Seconds(1),
                     .data = "data"}),
                IsOk());
  }
  Oldest Responses() { return *OldestResponses(inventory_, clock_.Now()); }
};

TEST_F(FreshnessTest, WithoutAnythingThereIsNoOldest) {
  EXPECT_EQ(Responses().this_update, absl::InfiniteFuture());
  EXPECT_EQ(Responses().slack_used, 0);
  EXPECT_EQ(OldestCrls({}, clock_.Now()).next_update, absl::InfiniteFuture());
}

TEST_F(FreshnessTest, TellsHowMuchIsLeftUntilTheDeadline) {
  const absl::Time start = clock_.Now();
  Put("one", start);
  Put("two", start + absl::Hours(10));
  clock_.Advance(absl::Hours(47));
  EXPECT_EQ(Responses().this_update, start);
  EXPECT_EQ(Responses().next_update,
            start + absl::Hours(96) - absl::Seconds(1));
  EXPECT_EQ(Responses().refresh_at, start + absl::Hours(48));
  EXPECT_EQ(Responses().slack_used, 0);
  clock_.Advance(absl::Hours(21));  // 20 of 40 hours.
  EXPECT_NEAR(Responses().slack_used, 0.5, 0.0001);
  clock_.Advance(absl::Hours(20));
  EXPECT_GE(Responses().slack_used, 1);
}

// Four days, though nextUpdate is ten days away (section 4.9.9).
TEST_F(FreshnessTest, TheWorstIsNotTheOneThatEndsFirst) {
  const absl::Time start = clock_.Now();
  Put("ends first", start + absl::Hours(60), absl::Hours(72));
  Put("worst", start, absl::Hours(240));
  clock_.Advance(absl::Hours(121));
  EXPECT_GE(Responses().slack_used, 1);
}

TEST_F(FreshnessTest, CrlsHaveFourDays) {
  const absl::Time start = clock_.Now();
  const std::vector<storage::CrlRow> crls = {
      {.this_update = start,
       .next_update = start + absl::Hours(240),
       .refresh_at = start + absl::Hours(88)},
      {.this_update = start + absl::Hours(50),
       .next_update = start + absl::Hours(98),
       .refresh_at = start + absl::Hours(74)}};
  const auto at = [&](int hours) {
    return OldestCrls(crls, start + absl::Hours(hours));
  };
  EXPECT_EQ(at(0).this_update, start);
  EXPECT_EQ(at(0).next_update, start + absl::Hours(98));
  EXPECT_EQ(at(0).refresh_at, start + absl::Hours(74));
  EXPECT_EQ(at(73).slack_used, 0);
  EXPECT_NEAR(at(86).slack_used, 0.5, 0.0001);  // Of the second, until 98.
  EXPECT_GE(at(96).slack_used, 1);              // Of the first.
}

TEST(SlackUsedTest, OfNoTimeAtAll) {
  const absl::Time now = absl::FromUnixSeconds(1'800'000'000);
  EXPECT_EQ(SlackUsed(now, now, now - absl::Seconds(1)), 0);
  EXPECT_EQ(SlackUsed(now, now, now), 1);
}

}  // namespace
}  // namespace chancery::refresher
