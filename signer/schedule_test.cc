#include "signer/schedule.h"

#include "gtest/gtest.h"
#include "policy/br_revocation.h"

namespace chancery::signer {
namespace {

constexpr absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);
constexpr absl::Time kFar = absl::FromUnixSeconds(1'900'000'000);

// TRUST 5, and room until the Baseline Requirements' deadline.
TEST(ScheduleTest, RefreshesAfterHalfOrFourDaysLessEightHours) {
  struct Case {
    absl::Duration validity;
    absl::Duration refresh_after;
  };
  const Case kCases[] = {
      {absl::Hours(8), absl::Hours(3.5)},  {absl::Hours(12), absl::Hours(5.25)},
      {absl::Hours(16), absl::Hours(7)},   {absl::Hours(20), absl::Hours(10)},
      {absl::Hours(96), absl::Hours(48)},  {absl::Hours(168), absl::Hours(84)},
      {absl::Hours(240), absl::Hours(88)},
  };
  for (const Case& c : kCases) {
    EXPECT_EQ(RefreshAfter(c.validity), c.refresh_after)
        << absl::FormatDuration(c.validity);
  }
}

// Section 4.9.9, for every validity that policy br allows: time is left to
// sign, store and push what is due.
TEST(ScheduleTest, EveryValidityOfPolicyBrIsRefreshedInTime) {
  for (int hours = 8; hours <= 240; ++hours) {
    const absl::Duration validity = absl::Hours(hours);
    const ResponseTimes times = RevokedTimes(kNow, validity, kFar);
    EXPECT_GE(policy::br::OcspUpdateBy(times.this_update, times.next_update) -
                  (kNow + RefreshAfter(validity)),
              absl::Minutes(29))
        << hours;
  }
}

TEST(ScheduleTest, EveryCrlOfPolicyBrIsReplacedInTime) {
  for (int hours = 1; hours <= 24 * 365; ++hours) {
    EXPECT_GE(policy::br::CrlUpdateBy(kNow) -
                  (kNow + CrlRefreshAfter(absl::Hours(hours))),
              absl::Hours(8))
        << hours;
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
  EXPECT_EQ(CrlRefreshAfter(absl::Hours(240)), absl::Hours(88));
  EXPECT_EQ(CrlRefreshAfter(absl::Hours(24)), absl::Hours(12));
}

}  // namespace
}  // namespace chancery::signer
