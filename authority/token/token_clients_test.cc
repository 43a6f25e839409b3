#include "authority/token/token_clients.h"

#include <cstdlib>
#include <string>

#include "absl/time/time.h"
#include "base/encoding.h"
#include "base/testing/status_matchers.h"
#include "chancery/config/authority.pb.h"
#include "crypto/testing/command.h"
#include "gmock/gmock.h"

namespace chancery::authority {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using crypto::testing::Shell;
using crypto::testing::TempPath;
using crypto::testing::WriteTemp;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kUnauthenticated = absl::StatusCode::kUnauthenticated;
constexpr char kHex[] = "0123456789ABCDEF0123456789abcdef";
constexpr char kOtherHex[] = "ffffffffffffffffffffffffffffffff";
const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
constexpr absl::Duration kWindow = absl::Minutes(5);

std::string KeyFile(const std::string& name, const std::string& text) {
  const std::string path = WriteTemp(name, text);
  Shell("chmod 600 " + path);
  return "file:" + path;
}

// What the `openssl` command computes with this key.
std::string OpensslHmac(const std::string& hex, const std::string& message) {
  const std::string path = WriteTemp("hmac-input", message);
  const std::string out =
      Shell("openssl dgst -sha256 -mac HMAC -macopt hexkey:" + hex + " -r " +
            path + " | cut -d' ' -f1");
  return *base::FromHex(out.substr(0, 64));
}

void AddClient(config::Tokens& config, const std::string& uri,
               const std::string& key, const std::string& previous = "") {
  config.set_replay_file(TempPath("replays"));
  config::TokenClient& client = *config.add_client();
  client.set_uri(uri);
  client.set_key(key);
  client.set_previous_key(previous);
}

SignedRequest Request(const std::string& hex, const std::string& text,
                      int64_t seconds = 1'800'000'000) {
  return {
      .token = OpensslHmac(hex, text), .request = text, .timestamp = seconds};
}

TEST(ReadHmacKeyTest, ReadsAllThreeSources) {
  const std::string bytes = *base::FromHex(kHex);
  EXPECT_EQ(ReadHmacKey(kHex)->Reveal(), bytes);
  EXPECT_EQ(
      ReadHmacKey(KeyFile("k1", std::string("  ") + kHex + " \n"))->Reveal(),
      bytes);
  ASSERT_EQ(setenv("CHANCERY_TEST_KEY", kHex, 1), 0);
  EXPECT_EQ(ReadHmacKey("env:CHANCERY_TEST_KEY")->Reveal(), bytes);
}

TEST(ReadHmacKeyTest, RefusesWithoutShowingIt) {
  for (const char* text : {"0123456789abcdef0123456789abcde", "xyz", "00ff"}) {
    const auto key = ReadHmacKey(text);
    EXPECT_THAT(key, StatusIs(kInvalid, "HMAC key"));
    EXPECT_EQ(key.status().ToString().find(text), std::string::npos);
  }
  EXPECT_THAT(ReadHmacKey("env:CHANCERY_NOT_SET"),
              StatusIs(absl::StatusCode::kNotFound, ""));
  EXPECT_THAT(ReadHmacKey("file:" + TempPath("none")),
              StatusIs(absl::StatusCode::kNotFound, ""));
  const std::string open = WriteTemp("open-key", kHex);
  Shell("chmod 644 " + open);
  EXPECT_THAT(ReadHmacKey("file:" + open),
              StatusIs(absl::StatusCode::kFailedPrecondition, "open-key"));
}

TEST(TokenClientsTest, KnowsWhoseTokenItIs) {
  config::Tokens config;
  AddClient(config, "spiffe://test/token/ada", KeyFile("a", kHex));
  AddClient(config, "spiffe://test/token/bob", KeyFile("b", kOtherHex));
  const auto clients = TokenClients::Load(config);
  ASSERT_THAT(clients, IsOk());
  const auto who = [&](const SignedRequest& request) -> std::string {
    const auto client = clients->Authenticate(request, kNow, kWindow);
    return client.ok() ? (*client)->identity.name
                       : std::string(client.status().message());
  };
  EXPECT_EQ(who(Request(kHex, "{\"profile\":\"x\"}")), "ada");
  EXPECT_EQ(who(Request(kOtherHex, "{\"profile\":\"x\"}")), "bob");
  SignedRequest changed = Request(kHex, "{\"profile\":\"x\"}");
  changed.request.back() = ']';
  EXPECT_EQ(who(changed), "token: no key of ours made it");
  for (size_t i = 0; i < kTokenSize; ++i) {
    SignedRequest forged = Request(kHex, "x");
    forged.token[i] = static_cast<char>(forged.token[i] ^ 1);
    EXPECT_EQ(who(forged), "token: no key of ours made it");
  }
  EXPECT_EQ(who({.token = std::string(32, '\0'),
                 .request = "x",
                 .timestamp = 1'800'000'000}),
            "token: no key of ours made it");
}

TEST(TokenClientsTest, TakesTheKeyOfBefore) {
  config::Tokens config;
  AddClient(config, "spiffe://test/token/ada", KeyFile("new", kOtherHex),
            KeyFile("old", kHex));
  const auto clients = TokenClients::Load(config);
  ASSERT_THAT(clients, IsOk());
  for (const char* key : {kHex, kOtherHex}) {
    EXPECT_THAT(clients->Authenticate(Request(key, "x"), kNow, kWindow),
                IsOk());
  }
}

TEST(TokenClientsTest, RefusesAnotherTime) {
  config::Tokens config;
  AddClient(config, "spiffe://test/token/ada", KeyFile("a", kHex));
  const auto clients = TokenClients::Load(config);
  ASSERT_THAT(clients, IsOk());
  for (const int64_t seconds : {1'799'999'700, 1'800'000'300}) {
    EXPECT_THAT(
        clients->Authenticate(Request(kHex, "x", seconds), kNow, kWindow),
        IsOk());
  }
  for (const int64_t seconds : {int64_t{1'799'999'699}, int64_t{1'800'000'301},
                                int64_t{0}, INT64_MIN, INT64_MAX}) {
    EXPECT_THAT(
        clients->Authenticate(Request(kHex, "x", seconds), kNow, kWindow),
        StatusIs(kUnauthenticated, "timestamp"));
  }
}

TEST(TokenClientsTest, RefusesConfigurationsThatCannotBeMeant) {
  const std::string good = KeyFile("good", kHex);
  const struct {
    void (*change)(config::Tokens&);
    const char* message;
  } kCases[] = {
      {[](config::Tokens& c) { c.clear_replay_file(); }, "tokens.replay_file"},
      {[](config::Tokens& c) { c.set_window_seconds(3601); }, "at most 3600"},
      {[](config::Tokens& c) { c.mutable_client(0)->set_uri("ada"); },
       "tokens.client[0].uri"},
      {[](config::Tokens& c) { c.mutable_client(0)->clear_key(); },
       "tokens.client[0].key"},
      {[](config::Tokens& c) { c.mutable_client(0)->set_key(kHex); },
       "does not belong in a configuration"},
      {[](config::Tokens& c) { c.mutable_client(0)->set_previous_key(kHex); },
       "tokens.client[0].previous_key"},
      {[](config::Tokens& c) { *c.add_client() = c.client(0); },
       "is there already"},
      {[](config::Tokens& c) {
         *c.add_client() = c.client(0);
         c.mutable_client(1)->set_uri("spiffe://test/token/bob");
       },
       "nothing would tell them apart"},
      {[](config::Tokens& c) { c.mutable_client(0)->set_key("file:/none"); },
       "field `tokens.client[0].key`: "},
  };
  for (const auto& c : kCases) {
    config::Tokens config;
    AddClient(config, "spiffe://test/token/ada", good);
    c.change(config);
    const auto clients = TokenClients::Load(config);
    EXPECT_FALSE(clients.ok()) << c.message;
    const std::string text = clients.status().ToString();
    EXPECT_THAT(text, ::testing::HasSubstr(c.message));
    EXPECT_EQ(text.find(kHex), std::string::npos);
  }
}

}  // namespace
}  // namespace chancery::authority
