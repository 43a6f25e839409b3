#include "refresher/purge/purge_config.h"

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "base/testing/status_matchers.h"
#include "chancery/config/refresher.pb.h"
#include "crypto/testing/command.h"
#include "gtest/gtest.h"

namespace chancery::refresher {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using config::Purge;
using crypto::testing::WriteTemp;

Purge Valid(Purge::Shape shape) {
  Purge purge;
  purge.set_name("cdn");
  purge.set_shape(shape);
  if (shape == Purge::PLAIN) purge.set_url("https://purge.example.com/hook");
  if (shape == Purge::FASTLY || shape == Purge::CLOUDFLARE) purge.set_id("x1");
  purge.set_token_file(WriteTemp("token", "secret"));
  return purge;
}

absl::Status Check(const Purge& purge) {
  config::Refresher config;
  *config.add_purge() = purge;
  return CheckPurges(config);
}

TEST(CheckPurgesTest, AcceptsEachShape) {
  for (const auto shape :
       {Purge::PLAIN, Purge::FASTLY, Purge::CLOUDFLARE, Purge::AKAMAI}) {
    EXPECT_THAT(Check(Valid(shape)), IsOk()) << shape;
  }
  Purge plain = Valid(Purge::PLAIN);
  plain.clear_token_file();
  for (const char* url : {"http://127.0.0.1:8080/purge", "http://localhost",
                          "http://[::1]:1/x"}) {
    plain.set_url(url);
    EXPECT_THAT(Check(plain), IsOk()) << url;
  }
}

TEST(CheckPurgesTest, NamesTheFieldThatBreaksARule) {
  const struct {
    const char* name;
    Purge::Shape shape;
    std::function<void(Purge&)> change;
    const char* message;
  } rows[] = {
      {"NoName", Purge::PLAIN, [](Purge& p) { p.clear_name(); }, "name"},
      {"OddName", Purge::PLAIN, [](Purge& p) { p.set_name("a b"); }, "name"},
      {"NoShape", Purge::PLAIN, [](Purge& p) { p.clear_shape(); }, "shape"},
      {"NoUrl", Purge::PLAIN, [](Purge& p) { p.clear_url(); }, "url"},
      {"Http", Purge::PLAIN, [](Purge& p) { p.set_url("http://example.com"); },
       "https"},
      {"NotLoopback", Purge::PLAIN,
       [](Purge& p) { p.set_url("http://localhost.example.com/"); }, "https"},
      {"Ftp", Purge::PLAIN, [](Purge& p) { p.set_url("ftp://x/"); }, "url"},
      {"User", Purge::PLAIN, [](Purge& p) { p.set_url("https://u:hidden@x/"); },
       "token_file"},
      {"Query", Purge::PLAIN,
       [](Purge& p) { p.set_url("https://x/?token=hidden"); }, "token_file"},
      {"Space", Purge::PLAIN, [](Purge& p) { p.set_url("https://x/ y"); },
       "url"},
      {"NoService", Purge::FASTLY, [](Purge& p) { p.clear_id(); }, "id"},
      {"ZoneInPath", Purge::CLOUDFLARE, [](Purge& p) { p.set_id("../x"); },
       "id"},
      {"IdForNothing", Purge::AKAMAI, [](Purge& p) { p.set_id("x"); }, "id"},
      {"NoToken", Purge::FASTLY, [](Purge& p) { p.clear_token_file(); },
       "token_file"},
      {"TokenMissing", Purge::FASTLY,
       [](Purge& p) { p.set_token_file("/nowhere"); }, "token_file"},
      {"FastlyByUrl", Purge::FASTLY, [](Purge& p) { p.set_by_url(true); },
       "by_url"},
      {"ByWhichUrl", Purge::AKAMAI, [](Purge& p) { p.set_by_url(true); },
       "public_url"},
      {"PublicUrl", Purge::PLAIN,
       [](Purge& p) { p.add_public_url("ocsp.example.com"); }, "public_url"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    Purge purge = Valid(row.shape);
    row.change(purge);
    const absl::Status checked = Check(purge);
    EXPECT_FALSE(checked.ok());
    EXPECT_TRUE(absl::StrContains(checked.message(), row.message)) << checked;
    EXPECT_FALSE(absl::StrContains(checked.message(), "hidden")) << checked;
  }
}

TEST(CheckPurgesTest, ATokenFileIsForItsOwnerAlone) {
  Purge purge = Valid(Purge::FASTLY);
  purge.set_token_file(WriteTemp("open", "secret", 0640));
  EXPECT_THAT(Check(purge),
              StatusIs(absl::StatusCode::kFailedPrecondition, "token_file"));
}

TEST(CheckPurgesTest, EachNameOnce) {
  config::Refresher config;
  *config.add_purge() = Valid(Purge::PLAIN);
  *config.add_purge() = Valid(Purge::FASTLY);
  EXPECT_THAT(CheckPurges(config),
              StatusIs(absl::StatusCode::kInvalidArgument, "purge[1].name"));
}

TEST(ToEndpointTest, KnowsTheApisAndTheirLimits) {
  EXPECT_EQ(ToEndpoint(Valid(Purge::FASTLY)).url, "https://api.fastly.com");
  EXPECT_EQ(ToEndpoint(Valid(Purge::FASTLY)).limit, 256u);
  EXPECT_EQ(ToEndpoint(Valid(Purge::CLOUDFLARE)).url,
            "https://api.cloudflare.com/client/v4");
  EXPECT_EQ(ToEndpoint(Valid(Purge::CLOUDFLARE)).limit, 100u);
  EXPECT_EQ(ToEndpoint(Valid(Purge::AKAMAI)).url, "");
  EXPECT_EQ(ToEndpoint(Valid(Purge::PLAIN)).url,
            "https://purge.example.com/hook");
}

}  // namespace
}  // namespace chancery::refresher
