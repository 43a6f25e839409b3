#include "responder/http/conditional_request.h"

#include "gtest/gtest.h"

namespace chancery::responder {
namespace {

const absl::Time kModified = absl::FromUnixSeconds(784111777);

struct ConditionCase {
  const char* name;
  const char* if_none_match;
  const char* if_modified_since;
  bool not_modified;
};

TEST(ConditionalRequestTest, FollowsRfc9110) {
  const ConditionCase cases[] = {
      {"none", "", "", false},
      {"same tag", "\"abc\"", "", true},
      {"other tag", "\"abd\"", "", false},
      {"weak tag", "W/\"abc\"", "", true},
      {"any", " * ", "", true},
      {"list", "\"x\", W/\"y\" ,\"abc\"", "", true},
      {"list without commas between", "\"x\"\"abc\"", "", true},
      {"comma inside of a tag", "\"x,\", \"abc\"", "", true},
      {"tag inside of a tag", "\"x abc\"", "", false},
      {"no quotes", "abc", "", false},
      {"no end", "\"abc", "", false},
      {"same date", "", "Sun, 06 Nov 1994 08:49:37 GMT", true},
      {"later date", "", "Sun, 06 Nov 1994 08:49:38 GMT", true},
      {"earlier date", "", "Sun, 06 Nov 1994 08:49:36 GMT", false},
      {"obsolete form", "", "Sun Nov  6 08:49:37 1994", true},
      {"no date", "", "yesterday", false},
      {"the tag decides", "\"abd\"", "Sun, 06 Nov 1994 08:49:37 GMT", false},
      {"a broken tag decides", "abc", "Sun, 06 Nov 1994 08:49:37 GMT", false},
  };
  for (const ConditionCase& c : cases) {
    const HttpRequest request{.method = HttpMethod::kGet,
                              .target = "/",
                              .body = {},
                              .content_type = {},
                              .if_none_match = c.if_none_match,
                              .if_modified_since = c.if_modified_since,
                              .now = kModified + absl::Hours(1)};
    EXPECT_EQ(NotModified(request, "\"abc\"", kModified), c.not_modified)
        << c.name;
  }
}

TEST(ConditionalRequestTest, IgnoresFractionsOfLastModified) {
  HttpRequest request;
  request.if_modified_since = "Sun, 06 Nov 1994 08:49:37 GMT";
  EXPECT_TRUE(
      NotModified(request, "\"abc\"", kModified + absl::Milliseconds(900)));
}

TEST(ConditionalRequestTest, APostHasNoConditions) {
  HttpRequest request;
  request.method = HttpMethod::kPost;
  request.if_none_match = "\"abc\"";
  EXPECT_FALSE(NotModified(request, "\"abc\"", kModified));
}

}  // namespace
}  // namespace chancery::responder
