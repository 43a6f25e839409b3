#include "signer/revocation_limit.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/testing/status_matchers.h"
#include "gtest/gtest.h"
#include "ledger/entry.h"
#include "signer/ledger/ledger.h"
#include "signer/requests.h"
#include "signer/testing/signer_world.h"

namespace chancery::signer {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using testing::SignerWorld;

constexpr auto kExhausted = absl::StatusCode::kResourceExhausted;
const absl::Time kStart = absl::FromUnixSeconds(1'800'000'000);

TEST(RevocationLimitTest, AllowsUpToItAndNoMore) {
  RevocationLimit limit(10);
  EXPECT_THAT(limit.Check(10, kStart), IsOk());
  EXPECT_THAT(limit.Check(11, kStart), StatusIs(kExhausted, "never"));
  limit.Count(9, kStart);
  EXPECT_THAT(limit.Check(1, kStart), IsOk());
  EXPECT_THAT(limit.Check(2, kStart), StatusIs(kExhausted, "is 10, 9 were"));
}

TEST(RevocationLimitTest, TheHourSlides) {
  RevocationLimit limit(10);
  limit.Count(4, kStart);
  limit.Count(6, kStart + absl::Minutes(30));
  EXPECT_THAT(limit.Check(1, kStart + absl::Minutes(59)),
              StatusIs(kExhausted, "allowed at 2027-01-15T09:00:00Z"));
  EXPECT_THAT(limit.Check(5, kStart + absl::Minutes(59)),
              StatusIs(kExhausted, "allowed at 2027-01-15T09:30:00Z"));
  EXPECT_THAT(limit.Check(4, kStart + absl::Hours(1) - absl::Seconds(1)),
              StatusIs(kExhausted, "second identity"));
  EXPECT_THAT(limit.Check(4, kStart + absl::Hours(1)), IsOk());
  limit.Count(4, kStart + absl::Hours(1));
  EXPECT_THAT(limit.Check(1, kStart + absl::Hours(1)),
              StatusIs(kExhausted, ""));
  EXPECT_THAT(limit.Check(6, kStart + absl::Minutes(90)), IsOk());
}

TEST(RevocationLimitTest, NobodyIsHeldUpByALongSilence) {
  RevocationLimit limit(2);
  limit.Count(2, kStart);
  EXPECT_THAT(limit.Check(2, kStart + absl::Hours(9000)), IsOk());
}

// With a limit of 3, through the calls.
class LimitedSignerTest : public ::testing::Test {
 protected:
  LimitedSignerTest() {
    world_.signer.set_max_revocations_per_hour(3);
    EXPECT_THAT(world_.PowerCut(), IsOk());
    for (int i = 0; i < 6; ++i) {
      const auto issued = world_.Issue(absl::StrCat("issue ", i));
      EXPECT_THAT(issued, IsOk());
      serials_.push_back(issued->serial);
    }
  }
  absl::Status Revoke(int which, int reason = 4) {
    return world_
        .Revoke(absl::StrCat("request ", ++requests_), serials_[which], reason)
        .status();
  }
  absl::Status Release(int which) {
    return world_
        .Release(absl::StrCat("request ", ++requests_), serials_[which])
        .status();
  }

  SignerWorld world_;
  std::vector<std::string> serials_;
  int requests_ = 0;
};

TEST_F(LimitedSignerTest, RefusesTheNextAndSaysWhen) {
  for (int i = 0; i < 3; ++i) EXPECT_THAT(Revoke(i), IsOk());
  EXPECT_THAT(Revoke(3),
              StatusIs(kExhausted, "max_revocations_per_hour is 3, 3 were"));
  EXPECT_EQ(world_.Answer(serials_[3]).status, "good");
  world_.clock.Advance(absl::Hours(1));
  EXPECT_THAT(Revoke(3), IsOk());
}

TEST_F(LimitedSignerTest, HoldsCountReleasesAndRepetitionsDoNot) {
  EXPECT_THAT(Revoke(0, 6), IsOk());
  EXPECT_THAT(Release(0), IsOk());
  EXPECT_THAT(Revoke(0, 6), IsOk());
  EXPECT_THAT(Revoke(1), IsOk());
  EXPECT_THAT(Revoke(2), StatusIs(kExhausted, ""));
  EXPECT_THAT(Revoke(1), IsOk());  // Again: it is so.
  EXPECT_THAT(Release(0), IsOk());
  EXPECT_THAT(Revoke(2), StatusIs(kExhausted, ""));
}

TEST_F(LimitedSignerTest, WhatIsRefusedDoesNotCount) {
  EXPECT_THAT(Revoke(0), IsOk());
  for (int i = 0; i < 9; ++i) {
    EXPECT_THAT(Revoke(0, 3),
                StatusIs(absl::StatusCode::kFailedPrecondition, ""));
  }
  EXPECT_THAT(Revoke(1), IsOk());
  EXPECT_THAT(Revoke(2), IsOk());
}

TEST_F(LimitedSignerTest, ARestartForgetsNothing) {
  EXPECT_THAT(Revoke(0), IsOk());
  world_.clock.Advance(absl::Minutes(20));
  EXPECT_THAT(Revoke(1, 6), IsOk());
  EXPECT_THAT(Release(1), IsOk());
  for (int i = 0; i < 3; ++i) {
    world_.clock.Advance(absl::Minutes(10));
    ASSERT_THAT(world_.PowerCut(), IsOk());
    EXPECT_THAT(Revoke(1), IsOk());  // Once; then it is so.
  }
  EXPECT_THAT(Revoke(2), StatusIs(kExhausted, "3 were"));
  ASSERT_THAT(world_.PowerCut(), IsOk());
  EXPECT_THAT(Revoke(2), StatusIs(kExhausted, "3 were"));
  // An hour after the first, one more; and the hour of the ledger's last entry
  // is not that of the clock.
  world_.clock.Advance(absl::Minutes(10));
  ASSERT_THAT(world_.PowerCut(), IsOk());
  EXPECT_THAT(Revoke(2), IsOk());
  EXPECT_THAT(Revoke(3), StatusIs(kExhausted, ""));
  world_.clock.Advance(absl::Hours(48));
  ASSERT_THAT(world_.PowerCut(), IsOk());
  for (int i = 3; i < 6; ++i) EXPECT_THAT(Revoke(i), IsOk());
}

// An old ledger is not read from its begin.
TEST_F(LimitedSignerTest, ALongLedgerIsReadFromWhereTheHourBegins) {
  for (int day = 0; day < 40; ++day) {
    world_.clock.Advance(absl::Hours(24));
    EXPECT_THAT(Revoke(day % 6, 6), IsOk());
    EXPECT_THAT(Release(day % 6), IsOk());
  }
  EXPECT_THAT(Revoke(0, 6), IsOk());
  ASSERT_THAT(world_.PowerCut(), IsOk());
  EXPECT_THAT(Revoke(1, 6), IsOk());
  EXPECT_THAT(Revoke(2, 6), StatusIs(kExhausted, "3 were"));
}

// One with a lower limit than what was recorded refuses, and takes no harm.
TEST_F(LimitedSignerTest, ALowerLimitHoldsFromTheNextStart) {
  for (int i = 0; i < 3; ++i) EXPECT_THAT(Revoke(i), IsOk());
  world_.signer.set_max_revocations_per_hour(1);
  ASSERT_THAT(world_.PowerCut(), IsOk());
  EXPECT_THAT(Revoke(3), StatusIs(kExhausted, "is 1, 3 were"));
  EXPECT_THAT(Revoke(2), IsOk());
}

}  // namespace
}  // namespace chancery::signer
