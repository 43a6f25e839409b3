#include "policy/cfssl/profiles.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/testing/status_matchers.h"
#include "crypto/key_type.h"
#include "gtest/gtest.h"
#include "policy/lints/registry.h"
#include "x509/certificate/extensions.h"

namespace chancery::policy::cfssl {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

lints::Selection Preset() {
  lints::Selection preset;
  EXPECT_THAT(preset.Add("rfc5280", lints::Severity::kError), IsOk());
  return preset;
}

absl::StatusOr<Profiles> Convert(const std::string& json) {
  const auto config = ParseConfig(json);
  EXPECT_THAT(config, IsOk()) << json;
  return ToProfiles(*config, Preset());
}

// A profile "p" of these fields and what every one needs.
std::string Json(const std::string& fields,
                 const std::string& needed =
                     R"("usages":["signing","server auth"],"expiry":"24h")") {
  return absl::StrCat(R"({"signing":{"profiles":{"p":{)", needed,
                      needed.empty() || fields.empty() ? "" : ",", fields,
                      "}}}}");
}

absl::StatusOr<Profile> One(const std::string& json) {
  const auto profiles = Convert(json);
  if (!profiles.ok()) return profiles.status();
  for (const Profile& profile : profiles->profiles) {
    if (profile.name == "p") return profile;
  }
  return absl::NotFoundError("p");
}

std::vector<std::string> Notes(const std::string& json) {
  const auto profiles = Convert(json);
  EXPECT_THAT(profiles, IsOk());
  return profiles.ok() ? profiles->notes : std::vector<std::string>();
}

bool HasNote(const std::string& json, const std::string& part) {
  const auto notes = Notes(json);
  return std::any_of(notes.begin(), notes.end(), [&](const std::string& note) {
    return absl::StrContains(note, part);
  });
}

TEST(CfsslProfilesTest, WithoutADefaultItIsCfssls) {
  const auto profiles = Convert(R"({"signing":{}})");
  ASSERT_THAT(profiles, IsOk());
  ASSERT_EQ(profiles->profiles.size(), 1u);
  const Profile& profile = profiles->profiles[0];
  EXPECT_EQ(profile.name, "default");
  EXPECT_EQ(profile.validity + profile.backdate, absl::Hours(8760));
  EXPECT_EQ(profile.key_usage,
            x509::kDigitalSignature | x509::kKeyEncipherment);
  EXPECT_EQ(profile.extended_key_usage,
            (std::vector<std::string>{x509::kServerAuth, x509::kClientAuth}));
}

TEST(CfsslProfilesTest, ADefaultWithoutUsagesOnlyLendsItsUrls) {
  const auto profiles = Convert(
      R"({"signing":{"default":{"expiry":"1h","ocsp_url":"http://o/"},
          "profiles":{"p":{"usages":["client auth"],"expiry":"2h"}}}})");
  ASSERT_THAT(profiles, IsOk());
  ASSERT_EQ(profiles->profiles.size(), 1u);
  EXPECT_EQ(profiles->profiles[0].name, "p");
  EXPECT_EQ(profiles->profiles[0].ocsp_url, "http://o/");
  ASSERT_EQ(profiles->notes.size(), 1u);
  EXPECT_TRUE(absl::StartsWith(profiles->notes[0], "signing.default: without"));
}

// Section 3.1: "EKUs: any, server auth, ..."; OIDs are those of RFC 5280 and of
// the vendors.
TEST(CfsslProfilesTest, KnowsEachUsage) {
  const struct {
    const char* usage;
    uint32_t bits;
    const char* oid;
  } usages[] = {
      {"signing", x509::kDigitalSignature, ""},
      {"digital signature", x509::kDigitalSignature, ""},
      {"content commitment", x509::kContentCommitment, ""},
      {"key encipherment", x509::kKeyEncipherment, ""},
      {"key agreement", x509::kKeyAgreement, ""},
      {"data encipherment", x509::kDataEncipherment, ""},
      {"client auth", 0, "1.3.6.1.5.5.7.3.2"},
      {"code signing", 0, "1.3.6.1.5.5.7.3.3"},
      {"email protection", 0, "1.3.6.1.5.5.7.3.4"},
      {"s/mime", 0, "1.3.6.1.5.5.7.3.4"},
      {"ipsec end system", 0, "1.3.6.1.5.5.7.3.5"},
      {"ipsec tunnel", 0, "1.3.6.1.5.5.7.3.6"},
      {"ipsec user", 0, "1.3.6.1.5.5.7.3.7"},
      {"timestamping", 0, "1.3.6.1.5.5.7.3.8"},
      {"microsoft sgc", 0, "1.3.6.1.4.1.311.10.3.3"},
      {"netscape sgc", 0, "2.16.840.1.113730.4.1"},
      {"1.2.3.4", 0, "1.2.3.4"},
  };
  for (const auto& c : usages) {
    const auto profile =
        One(Json(absl::StrCat(R"("usages":["server auth",")", c.usage, "\"]"),
                 R"("expiry":"24h")"));
    ASSERT_THAT(profile, IsOk()) << c.usage;
    EXPECT_EQ(profile->key_usage, c.bits) << c.usage;
    std::vector<std::string> expected = {x509::kServerAuth};
    if (*c.oid != '\0') expected.push_back(c.oid);
    EXPECT_EQ(profile->extended_key_usage, expected) << c.usage;
  }
  EXPECT_EQ(One(Json(R"("usages":["server auth","key agreement",
                                 "encipher only","decipher only"])",
                     R"("expiry":"24h")"))
                ->key_usage,
            x509::kKeyAgreement | x509::kEncipherOnly | x509::kDecipherOnly);
}

// CFSSL: notBefore is now - backdate, notAfter is notBefore + expiry.
TEST(CfsslProfilesTest, ExpiryCountsFromTheBackdate) {
  auto profile = One(Json(""));
  ASSERT_THAT(profile, IsOk());
  EXPECT_EQ(profile->backdate, absl::Minutes(5));
  EXPECT_EQ(profile->validity, absl::Hours(24) - absl::Minutes(5));
  profile = One(Json(R"("backdate":"1h30m")"));
  EXPECT_EQ(profile->backdate, absl::Minutes(90));
  EXPECT_EQ(profile->validity, absl::Hours(24) - absl::Minutes(90));
  EXPECT_EQ(One(Json(R"("backdate":"0s")"))->backdate, absl::Minutes(5));
  profile = One(Json(R"("not_before":"2026-01-01T00:00:00Z",
                        "not_after":"2027-01-01T00:00:00+01:00")"));
  ASSERT_THAT(profile, IsOk());
  EXPECT_EQ(profile->not_before, absl::FromUnixSeconds(1767225600));
  EXPECT_EQ(profile->not_after, absl::FromUnixSeconds(1798758000));
  EXPECT_EQ(profile->validity, absl::Hours(24));
}

TEST(CfsslProfilesTest, CaConstraintMakesCas) {
  const std::string usages =
      R"("usages":["cert sign","crl sign"],"expiry":"43800h")";
  auto profile = One(Json(R"("ca_constraint":{"is_ca":true})", usages));
  ASSERT_THAT(profile, IsOk());
  ASSERT_TRUE(profile->ca.has_value());
  EXPECT_EQ(profile->ca->path_length, std::nullopt);
  profile =
      One(Json(R"("ca_constraint":{"is_ca":true,"max_path_len":2})", usages));
  EXPECT_EQ(profile->ca->path_length, 2);
  // "pathlen 0 only if max_path_len_zero".
  profile =
      One(Json(R"("ca_constraint":{"is_ca":true,"max_path_len":0})", usages));
  EXPECT_EQ(profile->ca->path_length, std::nullopt);
  profile = One(Json(
      R"("ca_constraint":{"is_ca":true,"max_path_len_zero":true})", usages));
  EXPECT_EQ(profile->ca->path_length, 0);
}

TEST(CfsslProfilesTest, WhitelistsOfNamesAndOfTheCsr) {
  auto profile = One(Json(""));
  EXPECT_EQ(profile->alt_name_kinds.size(), 4u);
  EXPECT_TRUE(profile->allow_wildcard);
  EXPECT_EQ(profile->subject_attributes.count("CN"), 1u);
  EXPECT_EQ(profile->key_types.size(), 4u);
  profile = One(Json(R"("CSRWhitelist":{"PublicKey":true,
      "PublicKeyAlgorithm":true,"DNSNames":true})"));
  ASSERT_THAT(profile, IsOk());
  EXPECT_EQ(profile->alt_name_kinds,
            std::set<x509::AltNameKind>{x509::AltNameKind::kDns});
  EXPECT_TRUE(profile->subject_attributes.empty());

  const std::string pattern = R"("name_whitelist":"example\\.com")";
  profile = One(Json(pattern));
  ASSERT_EQ(profile->allowed_patterns.size(), 1u);
  // "Go RE2 regex, unanchored find".
  EXPECT_TRUE(profile->allowed_patterns[0].Matches("a.example.com.evil.org"));
  EXPECT_FALSE(profile->allowed_patterns[0].Matches("a.example.org"));
  EXPECT_TRUE(HasNote(Json(pattern), "name_whitelist: it does not begin"));
  EXPECT_FALSE(HasNote(Json(R"("name_whitelist":"^a\\.example\\.com$")"),
                       "name_whitelist"));
}

TEST(CfsslProfilesTest, PoliciesExtensionsAndUrls) {
  const auto profile = One(Json(R"("Policies":[{"ID":"1.2.3","Qualifiers":[
      {"Type":"id-qt-cps","Value":"http://a.example/cps"},
      {"Type":"id-qt-unotice","Value":"hello"}]},{"ID":"1.2.4"}],
      "copy_extensions":true,"allowed_extensions":["1.3.6.1.5.5.7.1.24"],
      "issuer_urls":["http://i/1","http://i/2"],"ocsp_url":"http://o/",
      "crl_url":"http://c/"
      )"));
  ASSERT_THAT(profile, IsOk());
  EXPECT_EQ(profile->policies, (std::vector<x509::CertificatePolicy>{
                                   {.oid = "1.2.3",
                                    .cps_urls = {"http://a.example/cps"},
                                    .user_notices = {"hello"}},
                                   {.oid = "1.2.4"}}));
  EXPECT_EQ(profile->copied_extensions,
            std::set<std::string>{"1.3.6.1.5.5.7.1.24"});
  EXPECT_EQ(profile->ca_issuers_urls,
            (std::vector<std::string>{"http://i/1", "http://i/2"}));
  EXPECT_EQ(profile->ocsp_url + profile->crl_url, "http://o/http://c/");
}

// CFSSL: what is worse than the level refuses.
TEST(CfsslProfilesTest, TheLintLevelIsTheNextWorse) {
  const auto selects = [](const std::string& fields, const char* lint) {
    const auto profile = One(Json(fields));
    EXPECT_THAT(profile, IsOk());
    return profile->lints.Selects(*lints::FindLint(lint));
  };
  const char kError[] = "rfc5280_cert_serial_positive";
  const char kWarning[] = "rfc5280_cert_key_usage_critical";
  EXPECT_TRUE(selects("", kError));
  EXPECT_FALSE(selects("", kWarning));
  EXPECT_FALSE(selects(R"("lint_error_level":"warn")", kWarning));
  EXPECT_TRUE(selects(R"("lint_error_level":"info")", kWarning));
  EXPECT_TRUE(selects(R"("lint_error_level":"pass")", kWarning));
  EXPECT_TRUE(selects(R"("lint_error_level":"fatal")", kError));
  EXPECT_FALSE(
      selects(R"("ignored_lints":["rfc5280_cert_serial_positive"])", kError));
}

TEST(CfsslProfilesTest, SaysWhatHasNoEffect) {
  const struct {
    std::string json;
    const char* note;
  } cases[] = {
      {Json(R"("cert_store":"x")"), "signing.profiles.p.cert_store: no effect"},
      {Json(R"("ignored_lints":["e_dnsname_bad"])"), "ignored_lints: no lint"},
      {Json(R"("ignored_lint_sources":["CABF_BR"])"), "ignored_lint_sources"},
      {Json(R"("lint_error_level":"fatal")"), "lint_error_level: errors"},
      {R"({"signing":{},"ocsp":{}})", "ocsp: no effect"},
      {R"({"signing":{},"remotes":{"r":"h:1"}})", "remotes: no effect"},
      {R"({"signing":{"profiles":{"p":{"usages":["server auth"],
          "expiry":"1h","auth_key":"k"}}},
          "auth_keys":{"k":{"type":"standard","key":"00"}}})",
       "auth_key: the signer does not look at it"},
  };
  for (const auto& c : cases) EXPECT_TRUE(HasNote(c.json, c.note)) << c.note;
}

TEST(CfsslProfilesTest, RefusesWhatIsWrongOrDangerous) {
  const std::string expiry = R"("expiry":"24h")";
  const struct {
    std::string json;
    const char* message;
  } cases[] = {
      {Json(R"("usages":[])", expiry), "p.usages: \"\": say what"},
      {Json(R"("usages":["signing"])", expiry), "say what its certificates"},
      {Json(R"("usages":["serverauth"])", expiry),
       "p.usages[0]: \"serverauth\": no usage of CFSSL"},
      {Json(R"("usages":["any"])", expiry), "any purpose"},
      {Json(R"("usages":["ocsp signing"])", expiry), "OCSP signers"},
      {Json(R"("usages":["server auth","cert sign"])", expiry),
       "for ca_constraint.is_ca"},
      {Json(R"("usages":["server auth","encipher only"])", expiry),
       "need key agreement"},
      {Json("", R"("usages":["server auth"])"), "p.expiry: \"\""},
      {Json("", R"("usages":["server auth"],"expiry":"1y")"),
       "p.expiry: \"1y\": a duration"},
      {Json("", R"("usages":["server auth"],"expiry":"-1h")"), "a duration"},
      {Json("", R"("usages":["server auth"],"expiry":"inf")"), "a duration"},
      {Json("", R"("usages":["server auth"],"expiry":"5m")"), "at least"},
      {Json(R"("backdate":"49h")"), "p.backdate: \"49h\": at most 48h"},
      {Json(R"("not_before":"yesterday")"), "p.not_before: \"yesterday\""},
      {Json(R"("not_before":"2027-01-01T00:00:00Z",
               "not_after":"2026-01-01T00:00:00Z")"),
       "before not_after"},
      {Json(R"("ocsp_url":"https://o/")"), "p.ocsp_url"},
      {Json(R"("crl_url":"ldap://c/")"), "p.crl_url"},
      {Json(R"("issuer_urls":["https://i/"])"), "p.issuer_urls"},
      {Json(R"("ca_constraint":{"max_path_len":1})"), "only with is_ca"},
      {Json(R"("ca_constraint":{"is_ca":true})"), "a CA has cert sign"},
      {Json(R"("usages":["cert sign"],
               "ca_constraint":{"is_ca":true,"max_path_len":-1})",
            expiry),
       "max_path_len: \"-1\""},
      {Json(R"("usages":["cert sign"],"ca_constraint":{"is_ca":true,
               "max_path_len":1,"max_path_len_zero":true})",
            expiry),
       "not with max_path_len_zero"},
      {Json(R"("ocsp_no_check":true)"), "p.ocsp_no_check: \"true\""},
      {Json(R"("auth_key":"k")"), "auth_keys has none of this name"},
      {Json(R"("remote":"r")"), "another signer's"},
      {Json(R"("auth_remote":{"remote":"r","auth_key":"k"})"), "p.auth_remote"},
      {Json(R"("copy_extensions":true)"), "writes the certificate"},
      {Json(R"("allowed_extensions":["2.5.29.19"])"), "basicConstraints"},
      {Json(R"("allowed_extensions":["all"])"), "a dotted OID"},
      {Json(R"("name_whitelist":"(")"), "no regular expression"},
      // Go's and RE2's syntax has no look-around: it is not linear.
      {Json(R"j("name_whitelist":"(?=a)")j"), "no regular expression"},
      {Json(R"("ct_log_servers":["https://log/"])"), "Transparency"},
      {Json(R"("lint_error_level":"bad")"), "p.lint_error_level: \"bad\""},
      {Json(R"("Policies":[{"ID":"x"}])"), "p.Policies[0]: \"x\""},
      {Json(R"("Policies":[{"ID":"1.2.3"},{"ID":"1.2.3"}])"), "once"},
      {Json(R"("Policies":[{"ID":"1.2.3","Qualifiers":[{"Type":"x"}]}])"),
       "id-qt-cps or"},
      {Json(R"("CSRWhitelist":{"DNSNames":true})"), "PublicKey"},
      {Json(R"("CSRWhitelist":{"PublicKey":true,"PublicKeyAlgorithm":true})"),
       "at least one of DNSNames"},
      {Json(R"("ClientProvidesSerialNumbers":true)"), "127 random bits"},
      {R"({"signing":{"profiles":{"default":{}}}})", "signing.default's"},
      {R"({"signing":{"profiles":{"":{}}}})", "1 to 128 characters"},
      {R"({"signing":{},"auth_keys":{"k":{"type":"x","key":"00"}}})",
       "auth_keys.k.type: \"x\": standard"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(Convert(c.json), StatusIs(kInvalid, c.message)) << c.json;
  }
}

}  // namespace
}  // namespace chancery::policy::cfssl
