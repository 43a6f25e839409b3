#include "signer/schedule.h"

#include "gtest/gtest.h"

namespace chancery::signer {
namespace {

constexpr absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);
constexpr absl::Time kFar = absl::FromUnixSeconds(1'900'000'000);

// Baseline Requirements 4.9.9: under 16 h before half of it, otherwise at least
// 8 h before nextUpdate and at most 4 days after thisUpdate.
TEST(ScheduleTest, RefreshesWithinTheBaselineRequirements) {
  struct Case {
    absl::Duration validity;
    absl::Duration refresh_after;
  };
  constexpr Case kCases[] = {
      {absl::Hours(8), absl::Hours(4)},    {absl::Hours(12), absl::Hours(6)},
      {absl::Hours(16), absl::Hours(8)},   {absl::Hours(20), absl::Hours(10)},
      {absl::Hours(96), absl::Hours(48)},  {absl::Hours(168), absl::Hours(84)},
      {absl::Hours(240), absl::Hours(88)},
  };
  for (const Case& c : kCases) {
    EXPECT_EQ(RefreshAfter(c.validity), c.refresh_after)
        << absl::FormatDuration(c.validity);
  }
}

TEST(ScheduleTest, ClampsGoodButNotRevokedToTheCertificate) {
  const absl::Time soon = kNow + absl::Hours(1);
  EXPECT_EQ(GoodTimes(kNow, absl::Hours(96), soon, kFar).next_update, soon);
  EXPECT_EQ(GoodTimes(kNow, absl::Hours(96), kFar, kFar).next_update,
            kNow + absl::Hours(96) - absl::Seconds(1));
  EXPECT_EQ(RevokedTimes(kNow, absl::Hours(96), kFar).next_update,
            kNow + absl::Hours(96) - absl::Seconds(1));
}

TEST(ScheduleTest, NothingOutlivesTheCertificateThatSigns) {
  const absl::Time soon = kNow + absl::Hours(1);
  EXPECT_EQ(GoodTimes(kNow, absl::Hours(96), kFar, soon).next_update, soon);
  EXPECT_EQ(RevokedTimes(kNow, absl::Hours(96), soon).next_update, soon);
}

TEST(ScheduleTest, MakesACrlEveryFourDaysOrSooner) {
  EXPECT_EQ(CrlRefreshAfter(absl::Hours(239)), absl::Hours(96));
  EXPECT_EQ(CrlRefreshAfter(absl::Hours(24)), absl::Hours(12));
}

}  // namespace
}  // namespace chancery::signer
