#include "policy/cfssl/config.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "base/testing/status_matchers.h"
#include "crypto/testing/command.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chancery::policy::cfssl {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using crypto::testing::Shell;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

// What Debian's `cfssl print-defaults config` prints.
TEST(CfsslConfigTest, ReadsWhatCfsslPrintsAsAStart) {
  const auto config = ParseConfig(Shell("cfssl print-defaults config"));
  ASSERT_THAT(config, IsOk());
  ASSERT_TRUE(config->default_profile.has_value());
  EXPECT_EQ(config->default_profile->expiry, "168h");
  EXPECT_EQ(config->profiles.at("www").expiry, "8760h");
  EXPECT_EQ(
      config->profiles.at("client").usages,
      (std::vector<std::string>{"signing", "key encipherment", "client auth"}));
}

TEST(CfsslConfigTest, ReadsEveryField) {
  const auto config = ParseConfig(R"({
    "auth_keys": {"k": {"type": "standard", "key": "0123456789abcdef"}},
    "remotes": {"r": "ca.example.com:8888"},
    "ocsp": {"CACertFile": "x", "Interval": 1},
    "signing": {"profiles": {"p": {
      "usages": ["signing"], "expiry": "1h", "backdate": "2m",
      "not_before": "a", "not_after": "b", "issuer_urls": ["c"],
      "ocsp_url": "d", "crl_url": "e",
      "ca_constraint": {"is_ca": true, "max_path_len": 3,
                        "max_path_len_zero": true},
      "ocsp_no_check": true, "auth_key": "k", "prev_auth_key": "l",
      "remote": "r", "auth_remote": {"remote": "s", "auth_key": "t"},
      "copy_extensions": true, "name_whitelist": "u",
      "allowed_extensions": ["1.2"], "ct_log_servers": ["v"],
      "cert_store": "w", "lint_error_level": "warn", "ignored_lints": ["x"],
      "ignored_lint_sources": ["y"],
      "Policies": [{"ID": "1.2.3",
                    "Qualifiers": [{"Type": "id-qt-cps", "Value": "z"}]}],
      "CSRWhitelist": {"Subject": true, "PublicKeyAlgorithm": true,
        "PublicKey": true, "SignatureAlgorithm": true, "DNSNames": true,
        "IPAddresses": true, "EmailAddresses": true, "URIs": false},
      "ClientProvidesSerialNumbers": true
    }}}})");
  ASSERT_THAT(config, IsOk());
  EXPECT_TRUE(config->has_ocsp);
  EXPECT_EQ(config->auth_keys.at("k"), "standard");
  EXPECT_EQ(config->remotes.at("r"), "ca.example.com:8888");
  const RawProfile& p = config->profiles.at("p");
  EXPECT_EQ(p.usages, std::vector<std::string>{"signing"});
  EXPECT_EQ(p.expiry + p.backdate + p.not_before + p.not_after, "1h2mab");
  EXPECT_EQ(p.issuer_urls.at(0) + p.ocsp_url + p.crl_url, "cde");
  EXPECT_TRUE(p.ca_constraint.is_ca);
  EXPECT_EQ(p.ca_constraint.max_path_len, 3);
  EXPECT_TRUE(p.ca_constraint.max_path_len_zero);
  EXPECT_TRUE(p.ocsp_no_check);
  EXPECT_EQ(p.auth_key + p.prev_auth_key + p.remote, "klr");
  EXPECT_EQ(p.auth_remote->remote + p.auth_remote->auth_key, "st");
  EXPECT_TRUE(p.copy_extensions);
  EXPECT_EQ(p.name_whitelist + p.allowed_extensions.at(0), "u1.2");
  EXPECT_EQ(p.ct_log_servers.at(0) + p.cert_store, "vw");
  EXPECT_EQ(p.lint_error_level + p.ignored_lints.at(0), "warnx");
  EXPECT_EQ(p.ignored_lint_sources.at(0), "y");
  EXPECT_EQ(p.policies.at(0).id, "1.2.3");
  EXPECT_EQ(p.policies.at(0).qualifiers.at(0).type, "id-qt-cps");
  EXPECT_EQ(p.policies.at(0).qualifiers.at(0).value, "z");
  EXPECT_TRUE(p.csr_whitelist->email_addresses);
  EXPECT_FALSE(p.csr_whitelist->uris);
  EXPECT_TRUE(p.client_provides_serial_numbers);
}

TEST(CfsslConfigTest, NamesAreTakenInAnyCaseAndNullIsNotThere) {
  const auto config = ParseConfig(
      R"({"Signing":{"Default":{"EXPIRY":"1h","csrwhitelist":null}}})");
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->default_profile->expiry, "1h");
  EXPECT_FALSE(config->default_profile->csr_whitelist.has_value());
}

TEST(CfsslConfigTest, NamesTheFieldThatIsWrong) {
  const auto profile = [](const std::string& fields) {
    return absl::StrCat(R"({"signing":{"profiles":{"p":{)", fields, "}}}}");
  };
  const struct {
    std::string json;
    const char* message;
  } wrong[] = {
      {"", "line 1, column 1: not JSON"},
      {"{\n  \"signing\": {,}}", "line 2, column 15: not JSON"},
      {"{} {}", "not JSON"},
      {"[]", "the file: an object is allowed"},
      {"{}", "signing: required"},
      {R"({"signing":[]})", "signing: an object"},
      {R"({"signing":{},"signing":{}})", "\"signing\\\" twice"},
      {R"({"signing":{},"Signing":{}})", "twice, in two spellings"},
      {R"({"signing":{},"sining":{}})", "sining: CFSSL has no such field"},
      {profile(R"("expiry":1)"), "signing.profiles.p.expiry: a text"},
      {profile(R"("usages":"signing")"), "signing.profiles.p.usages: a list"},
      {profile(R"("usages":[1])"), "signing.profiles.p.usages[0]: a text"},
      {profile(R"("is_ca":true)"), "signing.profiles.p.is_ca: CFSSL has no"},
      {profile(R"("ca_constraint":{"is_ca":"yes"})"),
       "p.ca_constraint.is_ca: true or false"},
      {profile(R"("ca_constraint":{"max_path_len":1.5})"),
       "max_path_len: a whole number"},
      {profile(R"("ca_constraint":{"max_path_len":18446744073709551615})"),
       "max_path_len: a whole number"},
      // CFSSL: "JSON must be a string".
      {profile(R"("lint_error_level":5)"), "lint_error_level: a text"},
      {profile(R"("expiry":"1h","expiry":"2h")"), "\"expiry\\\" twice"},
      {R"({"signing":{},"auth_keys":{"k":{"type":"standard"}}})",
       "auth_keys.k.key: hexadecimal"},
      {R"({"signing":{},"auth_keys":{"k":{"key":1}}})", "auth_keys.k.key: a"},
      {R"({"signing":)" + std::string(40, '[') + std::string(40, ']') + "}",
       "more than 16 levels"},
      {std::string(kMaxConfig + 1, ' '), "1048577 bytes; at most 1048576"},
  };
  for (const auto& c : wrong) {
    const auto config = ParseConfig(c.json);
    std::string message = c.message;
    for (size_t at; (at = message.find("\\\"")) != std::string::npos;) {
      message.replace(at, 2, "\"");
    }
    EXPECT_THAT(config, StatusIs(kInvalid, message)) << c.json.substr(0, 80);
  }
}

// A message may be logged, and a file with a mistake in it may hold keys.
TEST(CfsslConfigTest, ErrorsShowNoKeys) {
  const auto config = ParseConfig(
      R"({"auth_keys":{"k":{"type":"standard","key":"feedfacefeedface}}})");
  EXPECT_THAT(config, StatusIs(kInvalid, "not JSON"));
  EXPECT_THAT(std::string(config.status().message()),
              Not(HasSubstr("feedface")));
}

}  // namespace
}  // namespace chancery::policy::cfssl
