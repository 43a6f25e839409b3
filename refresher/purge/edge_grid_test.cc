#include "refresher/purge/edge_grid.h"

#include <string>

#include "absl/strings/match.h"
#include "base/testing/status_matchers.h"
#include "gtest/gtest.h"

namespace chancery::refresher {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;

constexpr char kEdgerc[] =
    "; comment\n[default]\n"
    "client_secret = xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx=\n"
    "host = akaa-baseurl-xxxxxxxxxxx-xxxxxxxxxxxxx.luna.akamaiapis.net\n"
    "access_token = akab-access-token-xxx-xxxxxxxxxxxxxxxx\n"
    "client_token = akab-client-token-xxx-xxxxxxxxxxxxxxxx\n";

// The vectors that Akamai publishes for its clients (testdata.json of
// AkamaiOPEN-edgegrid-python): signatures of 2014-03-21 19:34:21.
TEST(EdgeGridTest, SignsAsAkamaisClientsDo) {
  const auto credentials = ParseEdgerc(kEdgerc);
  ASSERT_THAT(credentials, IsOk());
  const struct {
    const char* method;
    const char* path;
    std::string body;
    const char* signature;
  } cases[] = {
      {"GET", "/", "", "tL+y4hxyHxgWVD30X3pWnGKHcPzmrIF+LThiAOhMxYU="},
      {"GET", "/testapi/v1/t1?p1=1&p2=2", "",
       "hKDH1UlnQySSHjvIcZpDMbQHihTQ0XyVAKZaApabdeA="},
      {"POST", "/testapi/v1/t3", "datadatadatadatadatadatadatadata",
       "hXm4iCxtpN22m4cbZb4lVLW5rhX8Ca82vCFqXzSTPe4="},
      {"POST", "/testapi/v1/t3", std::string(2048, 'd'),
       "6Q6PiTipLae6n4GsSIDTCJ54bEbHUBp+4MUXrbQCBoY="},
      {"POST", "/testapi/v1/t3", std::string(2049, 'd'),
       "6Q6PiTipLae6n4GsSIDTCJ54bEbHUBp+4MUXrbQCBoY="},
      {"POST", "/testapi/v1/t6", "",
       "1gEDxeQGD5GovIkJJGcBaKnZ+VaPtrc4qBUHixjsPCQ="},
      {"PUT", "/testapi/v1/t6", "PPPPPPPPPPPPPPPPPPPPPPPPPPPPPPP",
       "GNBWEYSEWOLtu+7dD52da2C39aX/Jchpon3K/AmBqBU="},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(
        EdgeGridAuthorization(*credentials,
                              {.method = c.method,
                               .path = c.path,
                               .body = c.body,
                               .time = absl::FromUnixSeconds(1395430461),
                               .nonce = "nonce-xx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"},
                              2048),
        std::string("EG1-HMAC-SHA256 "
                    "client_token=akab-client-token-xxx-xxxxxxxxxxxxxxxx;"
                    "access_token=akab-access-token-xxx-xxxxxxxxxxxxxxxx;"
                    "timestamp=20140321T19:34:21+0000;"
                    "nonce=nonce-xx-xxxx-xxxx-xxxx-xxxxxxxxxxxx;signature=") +
            c.signature)
        << c.method << c.path;
  }
}

TEST(ParseEdgercTest, NamesWhatIsMissingAndShowsNothing) {
  const auto parsed = ParseEdgerc("client_secret = hidden=\nhost=h\n");
  EXPECT_THAT(parsed,
              StatusIs(absl::StatusCode::kInvalidArgument, "no client_token"));
  EXPECT_FALSE(absl::StrContains(parsed.status().ToString(), "hidden"));
}

TEST(ParseEdgercTest, NoValueCanEndAField) {
  EXPECT_THAT(ParseEdgerc("host=h\nclient_secret=s\nclient_token=c\rX: "
                          "y\naccess_token=a"),
              StatusIs(absl::StatusCode::kInvalidArgument, "client_token"));
}

TEST(ParseEdgercTest, TakesAHostThatIsWrittenAsAUrl) {
  const auto parsed = ParseEdgerc(
      "host=https://h.net/\nclient_secret=s\nclient_token=c\naccess_token=a");
  ASSERT_THAT(parsed, IsOk());
  EXPECT_EQ(parsed->host, "h.net");
  EXPECT_EQ(parsed->client_secret.Reveal(), "s");
}

}  // namespace
}  // namespace chancery::refresher
