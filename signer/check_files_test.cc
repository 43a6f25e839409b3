// What --check-config says of the files that a configuration names.
#include <filesystem>
#include <functional>
#include <string>

#include "base/testing/status_matchers.h"
#include "chancery/config/signer.pb.h"
#include "crypto/testing/command.h"
#include "gtest/gtest.h"
#include "signer/config.h"

namespace chancery::signer {
namespace {

using base::testing::IsOk;
using crypto::testing::Shell;
using crypto::testing::TempPath;

constexpr char kCa[] =
    "-addext basicConstraints=critical,CA:TRUE,pathlen:0 "
    "-addext keyUsage=critical,keyCertSign,cRLSign";

// Self-signed, by OpenSSL: NAME.key and NAME.pem.
void Make(const std::string& name, const std::string& extensions) {
  Shell(
      "umask 077; openssl req -x509 -newkey ec -pkeyopt "
      "ec_paramgen_curve:P-256 -nodes -subj /CN=" +
      name + " -keyout " + TempPath(name + ".key") + " -out " +
      TempPath(name + ".pem") + " " + extensions);
}

class CheckFilesTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    Make("ca", kCa);
    Make("other", kCa);
    Make("manifest", "");
    Make("me", "-addext subjectAltName=URI:spiffe://test/signer/a");
    Make("trust", kCa);
    Shell("cat " + TempPath("ca.pem") + " " + TempPath("other.pem") + " > " +
          TempPath("broken.pem"));
  }
  CheckFilesTest() {
    config_.set_ledger_dir(TempPath("ledger"));
    config::TlsIdentity& identity = *config_.mutable_identity();
    identity.set_certificate_file(TempPath("me.pem"));
    identity.set_key_file(TempPath("me.key"));
    identity.set_trust_file(TempPath("trust.pem"));
    config_.mutable_audit_log()->set_path(TempPath("audit.log"));
    config_.mutable_manifest_key()->set_file(TempPath("manifest.key"));
    config::Issuer& issuer = *config_.add_issuer();
    issuer.set_name("issuing");
    issuer.set_certificate_file(TempPath("ca.pem"));
    issuer.mutable_key()->set_file(TempPath("ca.key"));
  }

  config::Signer config_;
};

TEST_F(CheckFilesTest, AcceptsWhatIsThereAndWritesNothing) {
  EXPECT_THAT(CheckFiles(config_), IsOk());
  EXPECT_FALSE(std::filesystem::exists(TempPath("ledger")));
  EXPECT_FALSE(std::filesystem::exists(TempPath("audit.log")));
  // A token is left alone.
  config_.mutable_manifest_key()->clear_file();
  config_.mutable_manifest_key()->set_pkcs11_uri("pkcs11:token=none;object=k");
  EXPECT_THAT(CheckFiles(config_), IsOk());
}

TEST_F(CheckFilesTest, NamesTheFileThatIsWrong) {
  const struct {
    const char* name;
    std::function<void(config::Signer&)> change;
    std::string message;
  } rows[] = {
      {"NoIdentity",
       [](auto& c) { c.mutable_identity()->set_certificate_file("/none"); },
       "`identity.certificate_file`: value `/none`"},
      {"NoIdentityKey",
       [](auto& c) { c.mutable_identity()->set_key_file("/none"); },
       "`identity.key_file`: value `/none`"},
      {"AnothersKey",
       [](auto& c) {
         c.mutable_identity()->set_key_file(TempPath("other.key"));
       },
       "is not the key of identity.certificate_file"},
      {"NoTrust",
       [](auto& c) { c.mutable_identity()->set_trust_file("/none"); },
       "`identity.trust_file`"},
      {"NoAuditFolder",
       [](auto& c) { c.mutable_audit_log()->set_path("/none/a.log"); },
       "`audit_log.path`: value `/none/a.log`: there is no folder /none"},
      {"NoKeySet", [](auto& c) { c.set_key_set_file("/none"); }, "/none"},
      {"NoIssuer",
       [](auto& c) { c.mutable_issuer(0)->set_certificate_file("/none"); },
       "issuer \"issuing\": "},
      {"BrokenChain",
       [](auto& c) {
         c.mutable_issuer(0)->set_certificate_file(TempPath("broken.pem"));
       },
       "was not issued by the one behind it"},
      {"NoIssuersKey",
       [](auto& c) { c.mutable_issuer(0)->mutable_key()->set_file("/none"); },
       "issuer \"issuing\": "},
      {"AnotherIssuersKey",
       [](auto& c) {
         c.mutable_issuer(0)->mutable_key()->set_file(TempPath("other.key"));
       },
       "issuer \"issuing\": "},
      {"CaBelowPathLengthZero",
       [](auto& c) {
         config::Profile& profile = *c.add_profile();
         profile.set_name("ca");
         profile.set_validity_hours(24);
         profile.add_subject_attribute("CN");
         profile.mutable_ca();
         c.mutable_issuer(0)->add_profile("ca");
       },
       "allows none below it"},
      {"NoManifestKey",
       [](auto& c) { c.mutable_manifest_key()->set_file("/none"); },
       "`manifest_key`: value `/none`"},
      {"ManifestKeyOfACa",
       [](auto& c) { c.mutable_manifest_key()->set_file(TempPath("ca.key")); },
       "`manifest_key`: key with SHA-256"},
      {"NextManifestKeyOfACa",
       [](auto& c) {
         c.mutable_next_manifest_key()->set_file(TempPath("ca.key"));
       },
       "`next_manifest_key`: key with SHA-256"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    config::Signer config = config_;
    row.change(config);
    const absl::Status status = CheckFiles(config);
    EXPECT_FALSE(status.ok());
    EXPECT_NE(status.message().find(row.message), std::string::npos) << status;
  }
}

}  // namespace
}  // namespace chancery::signer
