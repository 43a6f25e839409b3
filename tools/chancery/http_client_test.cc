#include "tools/chancery/http_client.h"

#include "base/testing/status_matchers.h"
#include "gtest/gtest.h"

namespace chancery::cli {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;

struct Url {
  const char* text;
  const char* host;
  const char* port;
  const char* path;
};

TEST(ParseHttpUrlTest, TakesApart) {
  for (const Url& url : {
           Url{"http://a.example", "a.example", "80", "/"},
           Url{"http://a.example:8080/x/y?z", "a.example", "8080", "/x/y?z"},
           Url{"http://[::1]:81/", "::1", "81", "/"},
           Url{"http://[::1]", "::1", "80", "/"},
           Url{"http://127.0.0.1?q", "127.0.0.1", "80", "/?q"},
           Url{"http://a/b#c", "a", "80", "/b"},
       }) {
    SCOPED_TRACE(url.text);
    const auto parsed = ParseHttpUrl(url.text);
    ASSERT_THAT(parsed, IsOk());
    EXPECT_EQ(parsed->host, url.host);
    EXPECT_EQ(parsed->port, url.port);
    EXPECT_EQ(parsed->path, url.path);
  }
}

TEST(ParseHttpUrlTest, RefusesWhatItCannotAsk) {
  for (const char* text :
       {"", "https://a", "a.example", "http://", "http://:80", "http://a:0",
        "http://a:99999", "http://a:b", "http://u@a", "http://a/ b",
        "http://[::1"}) {
    EXPECT_THAT(ParseHttpUrl(text),
                StatusIs(absl::StatusCode::kInvalidArgument, "URL: value"))
        << text;
  }
}

TEST(FetchHttpTest, SaysWhoCouldNotBeReached) {
  // Port 1 of this machine: nobody listens there.
  EXPECT_THAT(FetchHttp({.url = "http://127.0.0.1:1/"}),
              StatusIs(absl::StatusCode::kUnavailable,
                       "http://127.0.0.1:1/: connecting"));
}

}  // namespace
}  // namespace chancery::cli
