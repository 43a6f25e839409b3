#include "rpc/config.h"

#include "base/testing/status_matchers.h"
#include "chancery/config/responder.pb.h"
#include "crypto/testing/command.h"
#include "gmock/gmock.h"

namespace chancery::rpc {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using crypto::testing::WriteTemp;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

absl::Status Load(const std::string& text, config::Responder& config) {
  return LoadTextproto(WriteTemp("config.textproto", text), config);
}

TEST(LoadTextprotoTest, ReadsAMessage) {
  config::Responder config;
  ASSERT_THAT(Load("# The front door.\n"
                   "cache_dir: \"/var/cache\"\n"
                   "grant { uri: \"spiffe://a/b/c\" role: ROLE_PUSH }\n",
                   config),
              IsOk());
  EXPECT_EQ(config.cache_dir(), "/var/cache");
  EXPECT_EQ(config.grant(0).role(0), config::ROLE_PUSH);
}

TEST(LoadTextprotoTest, NamesTheUnknownFieldAndItsPlace) {
  config::Responder config;
  EXPECT_THAT(Load("threads: 2\n  cache_dri: \"x\"\n", config),
              StatusIs(kInvalid, "config.textproto:2:"));
  EXPECT_THAT(Load("threads: 2\n  cache_dri: \"x\"\n", config),
              StatusIs(kInvalid, "cache_dri"));
}

TEST(LoadTextprotoTest, RefusesWhatIsWrong) {
  const struct {
    const char* name;
    const char* text;
    const char* message;
  } kCases[] = {
      {"syntax", "threads 2", ":1:9: "},
      {"type", "threads: \"two\"", ":1:10: "},
      {"range", "threads: -1", ":1:10: "},
      {"twice", "threads: 1\nthreads: 2", "threads"},
      {"enum value", "grant { role: ROLE_ROOT }", "ROLE_ROOT"},
      {"unclosed", "grant { uri: \"a\"", ":1:"},
  };
  for (const auto& c : kCases) {
    config::Responder config;
    EXPECT_THAT(Load(c.text, config), StatusIs(kInvalid, c.message)) << c.name;
  }
}

TEST(LoadTextprotoTest, BoundsTheFile) {
  config::Responder config;
  EXPECT_THAT(Load(std::string((4 << 20) + 1, '#'), config),
              StatusIs(kInvalid, "config.textproto"));
}

TEST(LoadTextprotoTest, NamesAFileThatIsNotThere) {
  config::Responder config;
  EXPECT_THAT(LoadTextproto("/nowhere/a.textproto", config),
              StatusIs(absl::StatusCode::kNotFound, "/nowhere/a.textproto"));
}

TEST(ConfigErrorTest, NamesFieldValueAndRule) {
  EXPECT_EQ(ConfigError("issuer.name", "A B", "no spaces").message(),
            "field `issuer.name`: value `A B`: no spaces");
  EXPECT_THAT(RequireSet("ledger_dir", ""),
              StatusIs(kInvalid, "field `ledger_dir`: value ``: is required"));
  EXPECT_THAT(RequireSet("ledger_dir", "/a"), IsOk());
}

}  // namespace
}  // namespace chancery::rpc
