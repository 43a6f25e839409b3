#include "signer/profiles.h"

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/testing/status_matchers.h"
#include "chancery/config/signer.pb.h"
#include "crypto/testing/command.h"
#include "gtest/gtest.h"
#include "signer/config.h"
#include "x509/certificate/extensions.h"

namespace chancery::signer {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using crypto::testing::Shell;
using crypto::testing::TempPath;
using crypto::testing::WriteTemp;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

config::Signer ConfigWithProfile() {
  config::Signer config;
  config::Profile& profile = *config.add_profile();
  profile.set_name("p");
  profile.set_validity_hours(24);
  profile.add_key_usage("digital_signature");
  profile.add_extended_key_usage("server_auth");
  profile.set_allow_dns(true);
  return config;
}

TEST(ProfilesTest, TakeWhatTheConfigurationSays) {
  config::Signer config = ConfigWithProfile();
  config::Profile& from = *config.mutable_profile(0);
  from.mutable_names()->add_permitted_dns("Example.com");
  from.mutable_names()->add_excluded_ip("10.0.0.0/8");
  from.add_allowed_name_pattern("a.*");
  from.add_forbidden_name_pattern("b.*");
  from.set_max_names(5);
  from.set_min_rsa_bits(3072);
  config::CertificatePolicy& policy = *from.add_certificate_policy();
  policy.set_oid("1.2.3");
  policy.add_cps_url("http://a.example/");
  policy.add_user_notice("hello");
  from.set_must_staple(true);
  from.add_copy_extension("1.2.3.4");
  const auto loaded = LoadProfiles(config);
  ASSERT_THAT(loaded, IsOk());
  const policy::Profile& p = loaded->by_name.at("p");
  using Kind = x509::NameSubtree::Kind;
  EXPECT_EQ(
      p.names,
      (x509::NameConstraints{
          .permitted = {{Kind::kDns, "example.com"}},
          .excluded = {
              x509::NameSubtreeFromText(Kind::kIp, "10.0.0.0/8").value()}}));
  EXPECT_TRUE(p.allowed_patterns.at(0).Matches("ab"));
  EXPECT_FALSE(p.allowed_patterns.at(0).Matches("cab"));  // The whole name.
  EXPECT_TRUE(p.forbidden_patterns.at(0).Matches("b"));
  EXPECT_EQ(p.max_names, 5u);
  EXPECT_EQ(p.min_rsa_bits, 3072);
  EXPECT_EQ(p.max_rsa_bits, 4096);
  EXPECT_EQ(
      p.policies,
      (std::vector<x509::CertificatePolicy>{{.oid = "1.2.3",
                                             .cps_urls = {"http://a.example/"},
                                             .user_notices = {"hello"}}}));
  EXPECT_TRUE(p.must_staple);
  EXPECT_EQ(p.copied_extensions, std::set<std::string>{"1.2.3.4"});
  EXPECT_FALSE(p.ca.has_value());

  from.clear_allow_dns();
  from.clear_extended_key_usage();
  from.add_subject_attribute("CN");
  config::CaProfile& ca = *from.mutable_ca();
  ca.mutable_name_constraints()->add_permitted_dns("example.com");
  auto of_ca = LoadProfiles(config);
  ASSERT_THAT(of_ca, IsOk());
  EXPECT_EQ(of_ca->by_name.at("p").ca->path_length, 0);
  EXPECT_EQ(of_ca->by_name.at("p").ca->name_constraints.permitted.size(), 1u);
  ca.set_any_path_length(true);
  of_ca = LoadProfiles(config);
  EXPECT_EQ(of_ca->by_name.at("p").ca->path_length, std::nullopt);
}

TEST(ProfilesTest, NameTheFieldThatBreaksARule) {
  const auto names = [](config::Profile& p) { return p.mutable_names(); };
  const auto policy = [](config::Profile& p) {
    config::CertificatePolicy* added = p.add_certificate_policy();
    added->set_oid("1.2.3");
    return added;
  };
  const auto ca = [](config::Profile& p) {
    p.clear_allow_dns();
    p.add_subject_attribute("CN");
    return p.mutable_ca();
  };
  const struct {
    const char* name;
    std::function<void(config::Profile&)> change;
    const char* message;
  } rows[] = {
      {"WildcardAsSubtree",
       [=](auto& p) { names(p)->add_permitted_dns("*.example.com"); },
       "`profile \"p\".names.permitted_dns`: value `*.example.com`"},
      {"AddressAsRange",
       [=](auto& p) { names(p)->add_excluded_ip("10.0.0.1"); },
       "`profile \"p\".names.excluded_ip`: value `10.0.0.1`"},
      {"BitsAfterThePrefix",
       [=](auto& p) { names(p)->add_permitted_ip("10.0.0.1/8"); },
       "names.permitted_ip"},
      {"NoMailbox", [=](auto& p) { names(p)->add_permitted_email("a@"); },
       "names.permitted_email"},
      {"UriAsHost", [=](auto& p) { names(p)->add_excluded_uri("http://a/"); },
       "names.excluded_uri"},
      {"NoExpression", [](auto& p) { p.add_allowed_name_pattern("("); },
       "`profile \"p\".allowed_name_pattern`: value `(`: no regular"},
      {"BackReference", [](auto& p) { p.add_forbidden_name_pattern("(a)\\1"); },
       "forbidden_name_pattern"},
      {"ManyNames", [](auto& p) { p.set_max_names(1001); },
       "`profile \"p\".max_names`: value `1001`: at most 1000"},
      {"SmallRsa", [](auto& p) { p.set_min_rsa_bits(1024); }, "min_rsa_bits"},
      {"LargeRsa", [](auto& p) { p.set_max_rsa_bits(8192); }, "max_rsa_bits"},
      {"NoRsa",
       [](auto& p) {
         p.set_min_rsa_bits(4096);
         p.set_max_rsa_bits(2048);
       },
       "at most max_rsa_bits"},
      {"PolicyWithoutOid", [=](auto& p) { policy(p)->set_oid("one"); },
       "certificate_policy`: value `one`"},
      {"PolicyTwice",
       [=](auto& p) {
         policy(p);
         policy(p);
       },
       "each policy once"},
      {"CpsThatIsNoUrl", [=](auto& p) { policy(p)->add_cps_url("here"); },
       "cps_url"},
      {"LongNotice",
       [=](auto& p) { policy(p)->add_user_notice(std::string(201, 'x')); },
       "user_notice"},
      // The CA cannot be asked for what it has no means to give.
      {"ScTs", [](auto& p) { p.set_require_scts(true); },
       "`profile \"p\".require_scts`: value `true`: Certificate Transparency "
       "is not configured"},
      {"CopyConstraints", [](auto& p) { p.add_copy_extension("2.5.29.19"); },
       "`profile \"p\".copy_extension`: value `2.5.29.19`: basicConstraints"},
      {"CopyNothing", [](auto& p) { p.add_copy_extension("all"); },
       "copy_extension"},
      {"CaWithNames", [](auto& p) { p.mutable_ca(); }, "allow_dns"},
      {"CaWithoutSubject",
       [=](auto& p) {
         ca(p);
         p.clear_subject_attribute();
       },
       "subject_attribute"},
      {"CaOfTwoLengths",
       [=](auto& p) {
         ca(p)->set_any_path_length(true);
         p.mutable_ca()->set_path_length(1);
       },
       "ca.path_length"},
      {"CaConstraints",
       [=](auto& p) {
         ca(p)->mutable_name_constraints()->add_permitted_dns(".a");
       },
       "ca.name_constraints.permitted_dns"},
      {"Twice", [](auto& p) { p.set_name("q"); }, "each name once"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    config::Signer config = ConfigWithProfile();
    if (std::string(row.name) == "Twice") {
      *config.add_profile() = config.profile(0);
      config.mutable_profile(1)->set_name("q");
    }
    row.change(*config.mutable_profile(0));
    EXPECT_THAT(LoadProfiles(config), StatusIs(kInvalid, row.message));
  }
}

TEST(ProfilesTest, ThoseOfCfsslStandBesideOurs) {
  config::Signer config = ConfigWithProfile();
  config.set_cfssl_config_file(
      WriteTemp("cfssl.json", Shell("cfssl print-defaults config")));
  const auto loaded = LoadProfiles(config);
  ASSERT_THAT(loaded, IsOk());
  // Its default has no usages.
  EXPECT_EQ(loaded->by_name.size(), 3u);
  EXPECT_EQ(loaded->by_name.at("www").extended_key_usage,
            std::vector<std::string>{x509::kServerAuth});
  EXPECT_EQ(loaded->notes.size(), 1u);

  config.mutable_profile(0)->set_name("www");
  EXPECT_THAT(LoadProfiles(config), StatusIs(kInvalid, "each name once"));
  config.set_cfssl_config_file(WriteTemp(
      "cfssl.json", R"({"signing":{"profiles":{"x":{"expiry":"soon"}}}})"));
  EXPECT_THAT(
      LoadProfiles(config),
      StatusIs(kInvalid, "cfssl.json: signing.profiles.x.expiry: \"soon\""));
  config.set_cfssl_config_file(TempPath("missing.json"));
  EXPECT_THAT(LoadProfiles(config),
              StatusIs(absl::StatusCode::kNotFound, "missing.json"));
}

// An issuer takes them as any other, and an unknown one is refused (TRUST 8).
TEST(ProfilesTest, AnIssuerNamesThemAsItsOwn) {
  config::Signer config = ConfigWithProfile();
  config.set_ledger_dir(TempPath("ledger"));
  config.mutable_listen()->add_address("unix:" + TempPath("socket"));
  config.mutable_manifest_key()->set_file(TempPath("manifest.key"));
  config.set_cfssl_config_file(
      WriteTemp("cfssl.json",
                R"({"signing":{"default":{"expiry":"1h","crl_url":"http://c/1"},
          "profiles":{"x":{"expiry":"24h","usages":["server auth"]},
          "ca":{"expiry":"24h","usages":["cert sign"],
                "ca_constraint":{"is_ca":true}}}}})"));
  config::Issuer& issuer = *config.add_issuer();
  issuer.set_name("issuing");
  issuer.set_certificate_file(TempPath("ca.pem"));
  issuer.mutable_key()->set_file(TempPath("ca.key"));
  issuer.add_profile("x");
  EXPECT_THAT(CheckConfig(config), IsOk());
  issuer.set_crl_url("http://c/1");
  EXPECT_THAT(CheckConfig(config), IsOk());
  issuer.set_crl_url("http://c/2");
  EXPECT_THAT(CheckConfig(config),
              StatusIs(kInvalid,
                       "`issuer \"issuing\".crl_url`: value "
                       "`http://c/2`: profile \"x\" says"));
  issuer.clear_crl_url();
  issuer.set_policy(config::Issuer::BR);
  issuer.add_profile("ca");
  EXPECT_THAT(CheckConfig(config), StatusIs(kInvalid, "made by a ceremony"));
  issuer.set_policy(config::Issuer::PRIVATE);
  EXPECT_THAT(CheckConfig(config), IsOk());

  // The CA's own certificate says how long the path may be, and which names.
  const auto make_ca = [](const std::string& extensions) {
    Shell("umask 077; rm -f " + TempPath("ca.key") +
          "; openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 "
          "-nodes -keyout " +
          TempPath("ca.key") + " -out " + TempPath("ca.pem") +
          " -days 3650 -subj /O=Test -addext keyUsage=critical,keyCertSign,"
          "cRLSign " +
          extensions);
  };
  crypto::KeyOpener opener;
  make_ca("-addext basicConstraints=critical,CA:TRUE,pathlen:0");
  EXPECT_THAT(LoadIssuers(config, opener),
              StatusIs(kInvalid, "profile: \"ca\": it makes CAs"));
  make_ca(
      "-addext basicConstraints=critical,CA:TRUE,pathlen:1 "
      "-addext 'nameConstraints=critical,permitted;DNS:example.com'");
  const auto issuers = LoadIssuers(config, opener);
  ASSERT_THAT(issuers, IsOk());
  EXPECT_EQ(issuers->at(0).path_length, 1);
  ASSERT_EQ(issuers->at(0).name_constraints.size(), 1u);
  EXPECT_EQ(issuers->at(0).name_constraints[0].permitted.at(0).value,
            "example.com");
  EXPECT_EQ(issuers->at(0).profiles.at("x").crl_url, "http://c/1");
  EXPECT_EQ(issuers->at(0).blocked_keys, nullptr);

  issuer.add_profile("y");
  EXPECT_THAT(CheckConfig(config), StatusIs(kInvalid, "`: value `y`"));
}

TEST(ProfilesTest, ListsOfBlockedKeysAreReadAndChecked) {
  config::Signer config;
  auto keys = LoadBlockedKeys(config);
  ASSERT_THAT(keys, IsOk());
  EXPECT_EQ(*keys, nullptr);
  config.add_blocked_key_file(WriteTemp("a.txt", std::string(64, 'a') + "\n"));
  config.add_blocked_key_file(WriteTemp("b.txt", "8df20e6961a16398b85a\n"));
  keys = LoadBlockedKeys(config);
  ASSERT_THAT(keys, IsOk());
  EXPECT_EQ((*keys)->size(), 2u);
  config.add_blocked_key_file(WriteTemp("c.txt", "\n# x\n0\n"));
  EXPECT_THAT(LoadBlockedKeys(config),
              StatusIs(kInvalid, "blocked_key_file: " + TempPath("c.txt:3")));
}

}  // namespace
}  // namespace chancery::signer
