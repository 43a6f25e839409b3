#include "responder/http/http_date.h"

#include "gtest/gtest.h"

namespace chancery::responder {
namespace {

// The example of RFC 9110 section 5.6.7.
const absl::Time kExample = absl::FromUnixSeconds(784111777);
const absl::Time kNow = absl::FromUnixSeconds(1700000000);  // November 2023.

std::string Format(absl::Time time) {
  std::string out;
  AppendHttpDate(time, out);
  return out;
}

TEST(HttpDateTest, WritesImfFixdateInGmt) {
  EXPECT_EQ(Format(kExample), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(Format(absl::UnixEpoch()), "Thu, 01 Jan 1970 00:00:00 GMT");
  // date -u -d @1709251199
  EXPECT_EQ(Format(absl::FromUnixSeconds(1709251199)),
            "Thu, 29 Feb 2024 23:59:59 GMT");
}

TEST(HttpDateTest, CutsFractionsOff) {
  EXPECT_EQ(Format(kExample + absl::Milliseconds(999)), Format(kExample));
}

TEST(HttpDateTest, WritesTheNearestYearOfFourDigits) {
  EXPECT_EQ(Format(absl::InfiniteFuture()), "Fri, 31 Dec 9999 23:59:59 GMT");
  EXPECT_EQ(Format(absl::InfinitePast()).size(), kHttpDateSize);
}

struct ReadCase {
  const char* name;
  const char* text;
  int64_t unix_seconds;
};

TEST(HttpDateTest, ReadsAllThreeForms) {
  const ReadCase cases[] = {
      {"IMF-fixdate", "Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
      {"RFC 850", "Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
      {"asctime", "Sun Nov  6 08:49:37 1994", 784111777},
      {"asctime, two digits", "Wed Nov 16 08:49:37 1994", 784975777},
      {"RFC 850, this century", "Tuesday, 14-Nov-23 22:13:20 GMT", 1700000000},
      {"RFC 850, 50 years ahead", "Tuesday, 14-Nov-73 22:13:20 GMT",
       3277923200},
      {"RFC 850, 51 years would be too far", "Thursday, 14-Nov-74 22:13:20 GMT",
       153699200},
      {"leap second", "Sat, 31 Dec 2016 23:59:60 GMT", 1483228799},
  };
  for (const ReadCase& c : cases) {
    const auto read = ParseHttpDate(c.text, kNow);
    ASSERT_TRUE(read.has_value()) << c.name;
    EXPECT_EQ(absl::ToUnixSeconds(*read), c.unix_seconds) << c.name;
  }
}

TEST(HttpDateTest, RefusesWhatIsNoDate) {
  const char* const cases[] = {
      "",
      "0",
      "Sun, 06 Nov 1994 08:49:37 UTC",
      "Sun, 06 Nov 1994 08:49:37 GMT ",
      "Sun, 06 Nov 1994 08:49:37",
      "Sun, 6 Nov 1994 08:49:37 GMT",
      "Sun, 06 nov 1994 08:49:37 GMT",
      "Xun, 06 Nov 1994 08:49:37 GMT",
      "Sun, 31 Feb 1994 08:49:37 GMT",
      "Sun, 00 Nov 1994 08:49:37 GMT",
      "Sun, 06 Nov 1994 24:49:37 GMT",
      "Sun, 06 Nov 1994 08:60:37 GMT",
      "Sun, 06 Nov 1994 08:49:61 GMT",
      "Sun, 06 Nov -994 08:49:37 GMT",
      "784111777",
  };
  for (const char* text : cases) {
    EXPECT_FALSE(ParseHttpDate(text, kNow).has_value()) << text;
  }
}

TEST(HttpDateCacheTest, ToldTwoTimesOfOneSlotItKeepsThemApart) {
  HttpDateCache cache;
  EXPECT_EQ(cache.Format(absl::UnixEpoch()), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(cache.Format(absl::FromUnixSeconds(64)),
            "Thu, 01 Jan 1970 00:01:04 GMT");
  EXPECT_EQ(cache.Format(absl::UnixEpoch()), "Thu, 01 Jan 1970 00:00:00 GMT");
}

}  // namespace
}  // namespace chancery::responder
