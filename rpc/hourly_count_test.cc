#include "rpc/hourly_count.h"

#include "gtest/gtest.h"

namespace chancery::rpc {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1'800'000'030);

TEST(HourlyCountTest, NeverMoreThanTheLimitInAnyHour) {
  HourlyCount count;
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(count.Take(kStart + absl::Minutes(10 * i), 3)) << i;
  }
  EXPECT_FALSE(count.Take(kStart + absl::Minutes(30), 3));
  EXPECT_FALSE(count.Take(kStart + absl::Minutes(60), 3));
  // The first one's minute has gone by.
  EXPECT_TRUE(count.Take(kStart + absl::Minutes(61), 3));
  EXPECT_FALSE(count.Take(kStart + absl::Minutes(62), 3));
}

TEST(HourlyCountTest, AClockThatWasSetBackForgivesNothing) {
  HourlyCount count;
  EXPECT_TRUE(count.Take(kStart, 1));
  EXPECT_FALSE(count.Take(kStart - absl::Minutes(30), 1));
  EXPECT_FALSE(count.Take(kStart - absl::Hours(30), 1));
}

// A count that a clock set back finds in its place is of a later hour.
TEST(HourlyCountTest, AClockThatWasSetBackWritesOverNothing) {
  HourlyCount count;
  for (int i = 0; i < 3; ++i) count.Add(kStart);
  EXPECT_TRUE(count.Take(kStart - absl::Minutes(61), 4));
  EXPECT_FALSE(count.Take(kStart - absl::Minutes(61), 4));
  EXPECT_FALSE(count.Take(kStart, 4));
}

TEST(HourlyCountTest, WhatIsAddedCountsInAnyOrder) {
  HourlyCount count;
  count.Add(kStart + absl::Minutes(50));
  count.Add(kStart);
  EXPECT_FALSE(count.Take(kStart + absl::Minutes(60), 2));
  EXPECT_TRUE(count.Take(kStart + absl::Minutes(61), 2));
  EXPECT_FALSE(count.Take(kStart + absl::Minutes(61), 2));
}

TEST(HourlyCountTest, ZeroIsNone) {
  HourlyCount count;
  EXPECT_FALSE(count.Take(kStart, 0));
}

}  // namespace
}  // namespace chancery::rpc
