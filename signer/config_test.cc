#include "signer/config.h"

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/testing/status_matchers.h"
#include "chancery/config/signer.pb.h"
#include "crypto/testing/command.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "policy/lints/registry.h"

namespace chancery::signer {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using crypto::testing::Shell;
using crypto::testing::TempPath;
using crypto::testing::WriteTemp;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

// Makes name.key (its owner's alone) and name.pem: a self-signed CA.
void MakeCa(const std::string& name, const std::string& subject,
            const std::string& extensions =
                "-addext basicConstraints=critical,CA:TRUE "
                "-addext keyUsage=critical,keyCertSign,cRLSign",
            const std::string& key = "ec -pkeyopt ec_paramgen_curve:P-256") {
  Shell("umask 077; rm -f " + TempPath(name + ".key") +
        "; openssl req -x509 -newkey " + key + " -nodes -keyout " +
        TempPath(name + ".key") + " -out " + TempPath(name + ".pem") +
        " -days 3650 -subj " + subject + " " + extensions);
}

// Makes name.key and name.pem: signed by `ca` for OCSP, unless told otherwise.
void MakeDelegate(const std::string& name, const std::string& ca,
                  const std::string& extensions =
                      "extendedKeyUsage=OCSPSigning\n"
                      "noCheck=ignored\n"
                      "keyUsage=critical,digitalSignature\n") {
  const std::string section = WriteTemp(name + ".ext", extensions);
  Shell(
      "umask 077; openssl req -new -newkey ec "
      "-pkeyopt ec_paramgen_curve:P-256 -nodes -keyout " +
      TempPath(name + ".key") + " -subj /CN=" + name +
      " | openssl x509 -req -days 90 -CA " + TempPath(ca + ".pem") +
      " -CAkey " + TempPath(ca + ".key") + " -CAcreateserial -extfile " +
      section + " -out " + TempPath(name + ".pem"));
}

config::Signer ValidConfig() {
  config::Signer config;
  config.set_ledger_dir(TempPath("ledger"));
  config.mutable_listen()->add_address("unix:" + TempPath("socket"));
  config.mutable_manifest_key()->set_file(TempPath("manifest.key"));
  config::Profile& profile = *config.add_profile();
  profile.set_name("server");
  profile.set_validity_hours(2160);
  profile.add_key_usage("digital_signature");
  profile.add_extended_key_usage("server_auth");
  profile.set_allow_dns(true);
  config::Issuer& issuer = *config.add_issuer();
  issuer.set_name("issuing");
  issuer.set_certificate_file(TempPath("ca.pem"));
  issuer.mutable_key()->set_file(TempPath("ca.key"));
  issuer.add_profile("server");
  return config;
}

TEST(CheckConfigTest, AcceptsAConfigurationOfFewWords) {
  EXPECT_THAT(CheckConfig(ValidConfig()), IsOk());
}

// STYLE: "Dangerous defaults do not exist: refuse to start and say what to
// write." Each row breaks one rule, and the message names the field.
struct Row {
  const char* name;
  std::function<void(config::Signer&)> change;
  const char* message;
};

TEST(CheckConfigTest, NamesTheFieldThatBreaksARule) {
  const auto issuer = [](config::Signer& c) { return c.mutable_issuer(0); };
  const auto profile = [](config::Signer& c) { return c.mutable_profile(0); };
  const auto br = [=](config::Signer& c) {
    issuer(c)->set_policy(config::Issuer::BR);
    return issuer(c);
  };
  const auto rotation = [=](config::Signer& c) {
    issuer(c)->set_rotate_ocsp_key(true);
    config::OcspKeyRotation* const out = c.mutable_ocsp_key_rotation();
    out->set_folder(TempPath("ocsp-keys"));
    out->set_country("CH");
    out->set_organization("Example");
    return out;
  };
  const std::vector<Row> rows = {
      {"NoLedger", [](auto& c) { c.clear_ledger_dir(); }, "`ledger_dir`"},
      {"NoAddress", [](auto& c) { c.clear_listen(); }, "`listen.address`"},
      {"NoManifestKey", [](auto& c) { c.clear_manifest_key(); },
       "`manifest_key`"},
      {"HeadInNoToken", [](auto& c) { c.set_head_in_token(true); },
       "`head_in_token`: value `true`: manifest_key is in a file"},
      {"BadGrant", [](auto& c) { c.add_grant()->set_uri("me"); },
       "`grant[0].uri`"},
      {"AuditSizeWithoutFile",
       [](auto& c) { c.mutable_audit_log()->set_max_mb(1); },
       "`audit_log.path`"},
      {"NoIssuer", [](auto& c) { c.clear_issuer(); }, "`issuer`"},
      {"IssuerTwice", [](auto& c) { *c.add_issuer() = c.issuer(0); },
       "each name once"},
      {"ProfileTwice", [](auto& c) { *c.add_profile() = c.profile(0); },
       "each name once"},
      {"NameInUrl", [=](auto& c) { issuer(c)->set_name("A B"); },
       "`issuer.name`"},
      {"NameLeavesUrl", [=](auto& c) { issuer(c)->set_name("../x"); },
       "`issuer.name`"},
      {"NoName", [=](auto& c) { issuer(c)->clear_name(); }, "`issuer.name`"},
      {"LongName", [=](auto& c) { issuer(c)->set_name(std::string(64, 'a')); },
       "`issuer.name`"},
      {"NoCertificate", [=](auto& c) { issuer(c)->clear_certificate_file(); },
       "certificate_file"},
      {"DelegateWithoutKey",
       [=](auto& c) { issuer(c)->set_ocsp_certificate_file("x"); },
       "ocsp_certificate_file"},
      {"DelegateWithoutCertificate",
       [=](auto& c) { issuer(c)->mutable_ocsp_key()->set_file("x"); },
       "ocsp_certificate_file"},
      {"OddCapacity", [=](auto& c) { issuer(c)->set_block_capacity(100); },
       "block_capacity"},
      {"LargeCapacity",
       [=](auto& c) { issuer(c)->set_block_capacity(1 << 17); },
       "block_capacity"},
      {"HttpsOcsp", [=](auto& c) { issuer(c)->set_ocsp_url("https://x/"); },
       "ocsp_url"},
      {"HttpsCrl", [=](auto& c) { issuer(c)->set_crl_url("ldap://x/"); },
       "crl_url"},
      {"HttpsIssuers",
       [=](auto& c) { issuer(c)->set_ca_issuers_url("https://x/"); },
       "ca_issuers_url"},
      {"UnknownProfile", [=](auto& c) { issuer(c)->add_profile("client"); },
       "client"},
      {"UnknownLintSet",
       [=](auto& c) { issuer(c)->add_lint_set()->set_name("rfc1"); },
       "`issuer \"issuing\".lint_set.name`: value `rfc1`: there is no such set "
       "of lints, but br, rfc5280"},
      {"UnknownLintLevel",
       [=](auto& c) {
         issuer(c)->add_lint_set()->set_name("br");
         issuer(c)->mutable_lint_set(0)->set_level("fatal");
       },
       "`issuer \"issuing\".lint_set.level`: value `fatal`"},
      {"UnknownLint",
       [=](auto& c) { issuer(c)->add_lint_exception("rfc5280_crl"); },
       "`issuer \"issuing\".lint_exception`: value `rfc5280_crl`"},
      {"UnknownLintSetOfAProfile",
       [=](auto& c) { profile(c)->add_lint_set()->set_name("rfc1"); },
       "`profile \"server\".lint_set.name`: value `rfc1`"},
      {"UnknownLintOfAProfile",
       [=](auto& c) { profile(c)->add_lint_exception("br_cert"); },
       "`profile \"server\".lint_exception`: value `br_cert`"},
      // TRUST 5: "Policy `br` demands 8 h <= L <= 10 d"; 7 for CRLs.
      {"BrShortOcsp", [=](auto& c) { br(c)->set_ocsp_validity_hours(7); },
       "ocsp_validity_hours"},
      {"BrLongOcsp", [=](auto& c) { br(c)->set_ocsp_validity_hours(241); },
       "ocsp_validity_hours"},
      {"BrLongCrl", [=](auto& c) { br(c)->set_crl_validity_hours(241); },
       "crl_validity_hours"},
      {"BrLongCrlOfCas",
       [=](auto& c) {
         br(c)->clear_profile();
         issuer(c)->set_crl_validity_hours(8761);
       },
       "crl_validity_hours"},
      {"BrShortCertificates",
       [=](auto& c) {
         br(c);
         profile(c)->set_validity_hours(8);
         profile(c)->set_backdate_minutes(1);
       },
       "\"server\".validity_hours"},
      // TRUST 7.
      {"TooManyShards",
       [=](auto& c) {
         issuer(c)->set_crl_shards(4097);
         issuer(c)->set_crl_url("http://x/crl/issuing/{shard}.crl");
       },
       "crl_shards"},
      {"ShardsWithOneUrl",
       [=](auto& c) {
         issuer(c)->set_crl_shards(2);
         issuer(c)->set_crl_url("http://x/crl/issuing.crl");
       },
       "must have {shard}"},
      {"ShardsWithoutUrl", [=](auto& c) { issuer(c)->set_crl_shards(2); },
       "crl_url"},
      {"ShardsElsewhere",
       [=](auto& c) {
         issuer(c)->set_crl_shards(2);
         issuer(c)->set_crl_url("http://x/crl/other/{shard}.crl");
       },
       "must end with /crl/issuing/{shard}.crl"},
      {"OneShardWithAMark",
       [=](auto& c) {
         issuer(c)->set_crl_url("http://x/crl/issuing/{shard}.crl");
       },
       "crl_shards above 1"},
      {"BrDelta",
       [=](auto& c) {
         br(c)->set_crl_url("http://x/crl/issuing.crl");
         br(c)->set_delta_crl_minutes(60);
       },
       "policy br has no delta CRLs"},
      {"DeltaOutlivesItsBase",
       [=](auto& c) {
         issuer(c)->set_crl_url("http://x/crl/issuing.crl");
         issuer(c)->set_crl_validity_hours(2);
         issuer(c)->set_delta_crl_minutes(121);
       },
       "delta_crl_minutes"},
      {"DeltaNowhere", [=](auto& c) { issuer(c)->set_delta_crl_minutes(60); },
       "crl_url"},
      {"NoProfileName", [=](auto& c) { profile(c)->clear_name(); },
       "profile.name"},
      {"NoValidity", [=](auto& c) { profile(c)->clear_validity_hours(); },
       "validity_hours"},
      {"FarBackdate", [=](auto& c) { profile(c)->set_backdate_minutes(2881); },
       "backdate_minutes"},
      {"NoPurpose", [=](auto& c) { profile(c)->clear_extended_key_usage(); },
       "extended_key_usage"},
      {"UnknownPurpose",
       [=](auto& c) { profile(c)->add_extended_key_usage("flying"); },
       "flying"},
      {"UnknownUsage", [=](auto& c) { profile(c)->add_key_usage("flying"); },
       "flying"},
      {"UnknownKeyType", [=](auto& c) { profile(c)->add_key_type("dsa"); },
       "dsa"},
      {"UnknownUsageOfAProfile",
       [=](auto& c) { profile(c)->add_key_usage("flying"); },
       "profile \"server\".key_usage"},
      {"UnknownPurposeOfAProfile",
       [=](auto& c) { profile(c)->add_extended_key_usage("flying"); },
       "profile \"server\".extended_key_usage"},
      {"UnknownKeyTypeOfAProfile",
       [=](auto& c) { profile(c)->add_key_type("dsa"); },
       "profile \"server\".key_type"},
      {"UnknownAttribute",
       [=](auto& c) { profile(c)->add_subject_attribute("ZZ"); },
       "`profile \"server\".subject_attribute`: value `ZZ`: not one of CN"},
      {"WildcardSuffix", [=](auto& c) { profile(c)->add_dns_suffix("*.x"); },
       "`profile \"server\".dns_suffix`: value `*.x`"},
      {"RsaOfOddBits", [=](auto& c) { profile(c)->set_min_rsa_bits(3073); },
       "`profile \"server\".min_rsa_bits`: value `3073`: 2048 to 4096, a "
       "multiple of 8"},
      {"OcspForACentury",
       [=](auto& c) { issuer(c)->set_ocsp_validity_hours(999999); },
       "`issuer \"issuing\".ocsp_validity_hours`: value `999999`: at most "
       "8760"},
      {"RotationOfNoCountry", [=](auto& c) { rotation(c)->set_country("CHE"); },
       "ocsp_key_rotation: "},
      {"NoBlockedKeys", [](auto& c) { c.add_blocked_key_file("/none"); },
       "`blocked_key_file`: value `/none`"},
      {"NoNames", [=](auto& c) { profile(c)->clear_allow_dns(); }, "allow_dns"},
      // TRUST 6: "subject with C, O, CN".
      {"RotationWithoutFolder", [=](auto& c) { rotation(c)->clear_folder(); },
       "`ocsp_key_rotation.folder`"},
      {"RotationWithoutCountry", [=](auto& c) { rotation(c)->clear_country(); },
       "`ocsp_key_rotation.country`"},
      {"RotationInAFile",
       [=](auto& c) { rotation(c)->mutable_key()->set_file("/a.key"); },
       "`ocsp_key_rotation.key`"},
      {"RotationInNoToken", [=](auto& c) { rotation(c)->mutable_key(); },
       "pkcs11_uri names the token"},
      {"RotationOfOneKey",
       [=](auto& c) {
         rotation(c)->mutable_key()->set_pkcs11_uri("pkcs11:token=t;id=%01");
       },
       "`pkcs11:token=t;id=%01`: PKCS#11 URI"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    config::Signer config = ValidConfig();
    row.change(config);
    EXPECT_THAT(CheckConfig(config), StatusIs(kInvalid, row.message));
  }
}

TEST(CheckConfigTest, AcceptsTheEndsOfEachRange) {
  config::Signer config = ValidConfig();
  config::Issuer& issuer = *config.mutable_issuer(0);
  issuer.set_policy(config::Issuer::BR);
  issuer.set_crl_validity_hours(240);
  issuer.set_block_capacity(1 << 16);
  issuer.set_name(std::string(63, 'a'));
  config.mutable_profile(0)->set_backdate_minutes(2880);
  issuer.set_crl_shards(4096);
  issuer.set_crl_url(
      absl::StrCat("http://x/crl/", issuer.name(), "/{shard}.crl"));
  for (const uint32_t hours : {0, 8, 240}) {
    issuer.set_ocsp_validity_hours(hours);
    EXPECT_THAT(CheckConfig(config), IsOk()) << hours;
  }
}

TEST(CheckConfigTest, RotatingKeysLieInAFolderOrAToken) {
  config::Signer config = ValidConfig();
  config.mutable_issuer(0)->set_rotate_ocsp_key(true);
  config::OcspKeyRotation& rotation = *config.mutable_ocsp_key_rotation();
  rotation.set_folder(TempPath("ocsp-keys"));
  rotation.set_country("CH");
  rotation.set_organization("Example");
  EXPECT_THAT(CheckConfig(config), IsOk());
  for (const char* uri : {"pkcs11:token=t", "pkcs11:token=t;object=a-ocsp"}) {
    rotation.mutable_key()->set_pkcs11_uri(uri);
    EXPECT_THAT(CheckConfig(config), IsOk()) << uri;
  }
}

class LoadIssuersTest : public ::testing::Test {
 protected:
  LoadIssuersTest() { MakeCa("ca", "/O=Test/CN=CA"); }

  absl::StatusOr<std::vector<Issuer>> Load() {
    return LoadIssuers(config_, opener_);
  }
  void UseDelegate(const std::string& name) {
    config_.mutable_issuer(0)->set_ocsp_certificate_file(
        TempPath(name + ".pem"));
    config_.mutable_issuer(0)->mutable_ocsp_key()->set_file(
        TempPath(name + ".key"));
  }

  crypto::KeyOpener opener_;
  config::Signer config_ = ValidConfig();
};

TEST_F(LoadIssuersTest, TakesDefaultsAndWhatTheCertificateSays) {
  const auto issuers = Load();
  ASSERT_THAT(issuers, IsOk());
  const Issuer& issuer = issuers->at(0);
  EXPECT_EQ(issuer.name, "issuing");
  EXPECT_EQ(issuer.certificate,
            Shell("openssl x509 -outform DER -in " + TempPath("ca.pem")));
  EXPECT_EQ(issuer.ocsp_validity, absl::Hours(96));
  EXPECT_EQ(issuer.crl_validity, absl::Hours(168));
  EXPECT_EQ(issuer.block_capacity, 4096u);
  EXPECT_EQ(issuer.policy, RevocationPolicy::kPrivate);
  EXPECT_EQ(issuer.templates.size(), 2u);
  EXPECT_EQ(issuer.ocsp_key, issuer.key);
  EXPECT_EQ(issuer.ocsp_signer_not_after, issuer.not_after);
  EXPECT_EQ(issuer.profiles.count("server"), 1u);
  // TRUST 2.5: what is rehearsed is never signed by the CA's key.
  EXPECT_NE(issuer.rehearsal_key->public_key().KeyHashSha1(),
            issuer.key->public_key().KeyHashSha1());
  EXPECT_EQ(issuer.rehearsal_key->algorithm(), issuer.key->algorithm());
}

// docs/formats.md: "without the root, which relying parties have".
TEST_F(LoadIssuersTest, TheChainThatGoesOutIsWithoutItsRoot) {
  auto issuers = Load();
  ASSERT_THAT(issuers, IsOk());
  EXPECT_TRUE(issuers->at(0).chain.empty());

  const std::string section =
      WriteTemp("below.ext",
                "basicConstraints=critical,CA:TRUE\n"
                "keyUsage=critical,keyCertSign,cRLSign\n"
                "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n");
  Shell(
      "umask 077; openssl req -new -newkey ec -pkeyopt "
      "ec_paramgen_curve:P-256 -nodes -keyout " +
      TempPath("below.key") +
      " -subj /CN=below | openssl x509 -req -days 90 "
      "-CA " +
      TempPath("ca.pem") + " -CAkey " + TempPath("ca.key") +
      " -CAcreateserial -extfile " + section + " -out " +
      TempPath("below.pem") + "; cat " + TempPath("below.pem") + " " +
      TempPath("ca.pem") + " > " + TempPath("whole.pem"));
  config_.mutable_issuer(0)->mutable_key()->set_file(TempPath("below.key"));
  const std::string below =
      Shell("openssl x509 -outform DER -in " + TempPath("below.pem"));
  for (const char* file : {"below.pem", "whole.pem"}) {
    config_.mutable_issuer(0)->set_certificate_file(TempPath(file));
    issuers = Load();
    ASSERT_THAT(issuers, IsOk());
    EXPECT_EQ(issuers->at(0).chain, std::vector<std::string>{below}) << file;
  }
}

TEST_F(LoadIssuersTest, LintsAreThoseOfTheConfiguration) {
  const auto selects = [](const policy::lints::Selection& lints,
                          const char* name) {
    return lints.Selects(*policy::lints::FindLint(name));
  };
  config::Profile& profile = *config_.mutable_profile(0);
  auto issuers = Load();
  ASSERT_THAT(issuers, IsOk());
  // Errors, and no warnings, of these alone.
  const auto preset = issuers->at(0).profiles["server"].lints;
  EXPECT_TRUE(selects(preset, "rfc5280_cert_serial_positive"));
  EXPECT_TRUE(selects(preset, "rfc8813_cert_ec_key_usage"));
  EXPECT_FALSE(selects(preset, "rfc5280_cert_key_usage_critical"));
  EXPECT_FALSE(selects(preset, "br_cert_version_3"));
  EXPECT_TRUE(selects(issuers->at(0).lints, "rfc9919_ocsp_by_key"));
  EXPECT_FALSE(selects(issuers->at(0).lints, "br_crl_validity"));

  profile.add_lint_set()->set_name("br");
  profile.mutable_lint_set(0)->set_level("notice");
  profile.add_lint_exception("br_cert_server_reserved_policy");
  config_.mutable_issuer(0)->set_policy(config::Issuer::BR);
  issuers = Load();
  ASSERT_THAT(issuers, IsOk());
  const auto chosen = issuers->at(0).profiles["server"].lints;
  EXPECT_TRUE(selects(chosen, "br_cert_server_no_common_name"));
  EXPECT_FALSE(selects(chosen, "br_cert_server_reserved_policy"));
  EXPECT_FALSE(selects(chosen, "rfc5280_cert_serial_positive"));
  EXPECT_TRUE(selects(issuers->at(0).lints, "br_crl_validity"));
}

// TRUST 2.5: "OCSP responses once per template and status form".
TEST_F(LoadIssuersTest, RefusesTemplatesThatBreakALintOfTheIssuer) {
  config::LintSet& set = *config_.mutable_issuer(0)->add_lint_set();
  set.set_name("rfc9919");
  EXPECT_THAT(Load(), IsOk());
  set.set_level("notice");
  EXPECT_THAT(Load(), StatusIs(absl::StatusCode::kInternal,
                               "rfc9919_ocsp_sha256_cert_id"));
  config_.mutable_issuer(0)->set_cert_id_form(config::Issuer::SHA256);
  EXPECT_THAT(Load(), IsOk());
  config_.mutable_issuer(0)->set_cert_id_form(config::Issuer::BOTH);
  config_.mutable_issuer(0)->add_lint_exception("rfc9919_ocsp_sha256_cert_id");
  EXPECT_THAT(Load(), IsOk());
}

TEST_F(LoadIssuersTest, EachFormOfCertIdHasItsTemplates) {
  const std::vector<std::pair<config::Issuer::CertIdForm, size_t>> rows = {
      {config::Issuer::BOTH, 2},
      {config::Issuer::SHA1, 1},
      {config::Issuer::SHA256, 1},
      {config::Issuer::DUAL, 1}};
  for (const auto& [form, templates] : rows) {
    config_.mutable_issuer(0)->set_cert_id_form(form);
    const auto issuers = Load();
    ASSERT_THAT(issuers, IsOk());
    EXPECT_EQ(issuers->at(0).templates.size(), templates);
  }
}

TEST_F(LoadIssuersTest, EachKindOfKeySignsItsTemplates) {
  for (const char* key :
       {"ec -pkeyopt ec_paramgen_curve:P-384", "rsa:2048", "ed25519"}) {
    SCOPED_TRACE(key);
    MakeCa("ca", "/CN=CA",
           "-addext basicConstraints=critical,CA:TRUE "
           "-addext keyUsage=critical,keyCertSign,cRLSign",
           key);
    EXPECT_THAT(Load(), IsOk());
  }
}

TEST_F(LoadIssuersTest, ADelegateSignsForTheCa) {
  MakeDelegate("ocsp", "ca");
  UseDelegate("ocsp");
  const auto issuers = Load();
  ASSERT_THAT(issuers, IsOk());
  const Issuer& issuer = issuers->at(0);
  EXPECT_NE(issuer.ocsp_key, issuer.key);
  // TRUST 2.10 needs the delegate's end, not the CA's.
  EXPECT_LT(issuer.ocsp_signer_not_after, issuer.not_after);
  EXPECT_EQ(issuer.templates[0]->certificates(),
            std::vector<std::string>{Shell("openssl x509 -outform DER -in " +
                                           TempPath("ocsp.pem"))});
}

// TRUST 2.4: "each key only its types".
TEST_F(LoadIssuersTest, RefusesADelegateThatClientsWouldRefuse) {
  const std::vector<std::pair<const char*, const char*>> rows = {
      {"noocsp", "extendedKeyUsage=serverAuth\nnoCheck=ignored\n"},
      {"more", "extendedKeyUsage=OCSPSigning,serverAuth\nnoCheck=ignored\n"},
      {"checked", "extendedKeyUsage=OCSPSigning\n"},
      {"nothing", "subjectKeyIdentifier=hash\n"}};
  for (const auto& [name, extensions] : rows) {
    SCOPED_TRACE(name);
    MakeDelegate(name, "ca", extensions);
    UseDelegate(name);
    EXPECT_THAT(Load(), StatusIs(kInvalid, "only extended key usage"));
  }
}

TEST_F(LoadIssuersTest, RefusesADelegateOfAnotherCa) {
  MakeCa("other", "/O=Test/CN=CA");
  MakeDelegate("stranger", "other");
  UseDelegate("stranger");
  EXPECT_THAT(Load(), StatusIs(kInvalid, "issuer \"issuing\""));
}

TEST_F(LoadIssuersTest, RefusesKeysThatAreNotTheCertificates) {
  MakeCa("other", "/CN=Other");
  config_.mutable_issuer(0)->mutable_key()->set_file(TempPath("other.key"));
  EXPECT_THAT(Load(), StatusIs(absl::StatusCode::kFailedPrecondition,
                               TempPath("other.key")));
  config_ = ValidConfig();
  MakeDelegate("ocsp", "ca");
  UseDelegate("ocsp");
  config_.mutable_issuer(0)->mutable_ocsp_key()->set_file(TempPath("ca.key"));
  EXPECT_THAT(Load(), StatusIs(absl::StatusCode::kFailedPrecondition,
                               TempPath("ca.key")));
}

TEST_F(LoadIssuersTest, RefusesAKeyThatOthersCanRead) {
  Shell("chmod 644 " + TempPath("ca.key"));
  EXPECT_THAT(Load(), StatusIs(absl::StatusCode::kFailedPrecondition,
                               TempPath("ca.key")));
}

TEST_F(LoadIssuersTest, RefusesACertificateThatIsNoCa) {
  MakeCa("ca", "/CN=leaf", "-addext basicConstraints=critical,CA:FALSE");
  EXPECT_THAT(Load(), StatusIs(kInvalid, "not a CA"));
}

// TRUST 4: "An issuer is (subject DER, public key)": two of one would share
// serials and blocks.
TEST_F(LoadIssuersTest, RefusesOneCaUnderTwoNames) {
  *config_.add_issuer() = config_.issuer(0);
  config_.mutable_issuer(1)->set_name("again");
  EXPECT_THAT(Load(), StatusIs(kInvalid, "subject and key of issuer"));
}

TEST_F(LoadIssuersTest, NamesTheFileThatIsNotThereOrHasNothing) {
  config_.mutable_issuer(0)->set_certificate_file(TempPath("none.pem"));
  EXPECT_THAT(Load(),
              StatusIs(absl::StatusCode::kNotFound, TempPath("none.pem")));
  config_.mutable_issuer(0)->set_certificate_file(
      WriteTemp("empty.pem", "no certificate\n"));
  EXPECT_THAT(Load(), StatusIs(kInvalid, TempPath("empty.pem")));
}

}  // namespace
}  // namespace chancery::signer
