#include "responder/freshness.h"

#include "gtest/gtest.h"
#include "responder/http/http_date.h"

namespace chancery::responder {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1700000000);
const Freshness kTimes{.this_update = kStart,
                       .next_update = kStart + absl::Hours(96),
                       .refresh_at = kStart + absl::Hours(48)};

TEST(FreshnessTest, MaxAgeEndsAtTheRefresh) {
  EXPECT_EQ(MaxAge(kTimes, kStart), absl::Hours(48));
  EXPECT_EQ(MaxAge(kTimes, kTimes.refresh_at - absl::Milliseconds(2500)),
            absl::Seconds(2));
}

TEST(FreshnessTest, MaxAgeIsAMinuteWhileTheRefreshIsLate) {
  EXPECT_EQ(MaxAge(kTimes, kTimes.refresh_at), absl::Minutes(1));
  EXPECT_EQ(MaxAge(kTimes, kTimes.next_update - absl::Seconds(61)),
            absl::Minutes(1));
}

TEST(FreshnessTest, MaxAgeNeverPassesNextUpdate) {
  EXPECT_EQ(MaxAge(kTimes, kTimes.next_update - absl::Milliseconds(5900)),
            absl::Seconds(5));
  EXPECT_EQ(MaxAge(kTimes, kTimes.next_update + absl::Hours(1)),
            absl::ZeroDuration());
  Freshness clamped = kTimes;  // By the certificate's end.
  clamped.next_update = kStart + absl::Hours(1);
  EXPECT_EQ(MaxAge(clamped, kStart), absl::Hours(1));
}

TEST(FreshnessTest, IsCurrentFromFiveMinutesBeforeUntilNextUpdate) {
  EXPECT_TRUE(IsCurrent(kTimes, kStart - absl::Minutes(5)));
  EXPECT_FALSE(IsCurrent(kTimes, kStart - absl::Minutes(5) - absl::Seconds(1)));
  EXPECT_TRUE(IsCurrent(kTimes, kTimes.next_update - absl::Nanoseconds(1)));
  EXPECT_FALSE(IsCurrent(kTimes, kTimes.next_update));
}

TEST(FreshnessTest, WritesTheFieldsOfRfc9919) {
  HttpDateCache dates;
  std::string headers;
  AppendCacheControl(kTimes, kStart + absl::Hours(1), headers);
  AppendValidators(kTimes, "\"ab\"", dates, headers);
  EXPECT_EQ(headers,
            "Cache-Control: max-age=169200, public, no-transform, "
            "must-revalidate\r\n"
            "Last-Modified: Tue, 14 Nov 2023 22:13:20 GMT\r\n"
            "Expires: Sat, 18 Nov 2023 22:13:20 GMT\r\n"
            "ETag: \"ab\"\r\n");
}

}  // namespace
}  // namespace chancery::responder
