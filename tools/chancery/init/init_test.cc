#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>

#include "base/clock.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/random.h"
#include "base/testing/status_matchers.h"
#include "block/key_set_file.h"
#include "chancery/config/authority.pb.h"
#include "chancery/config/cli.pb.h"
#include "chancery/config/refresher.pb.h"
#include "chancery/config/responder.pb.h"
#include "chancery/config/signer.pb.h"
#include "crypto/key_source.h"
#include "crypto/software_key.h"
#include "crypto/testing/command.h"
#include "crypto/testing/soft_hsm.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rpc/config.h"
#include "rpc/credentials.h"
#include "rpc/identity.h"
#include "rpc/roles.h"
#include "tools/chancery/init/init_cluster.h"

namespace chancery::cli {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using crypto::testing::Shell;
using crypto::testing::SoftHsm;
using crypto::testing::Succeeds;
using crypto::testing::TempPath;
using crypto::testing::WriteTemp;
using ::testing::HasSubstr;

namespace fs = std::filesystem;

absl::StatusOr<NewCluster> Init(const InitOptions& options) {
  return InitCluster(options, base::SystemClock(), base::SystemRandom());
}

std::string Text(const std::string& certificate) {
  return Shell("openssl x509 -noout -text -in " + certificate);
}

// A cluster with keys in files, made once for all tests that only look.
class InitClusterTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    fs::remove_all(Dir());
    ASSERT_THAT(Init({.dir = Dir(), .block_capacity = 16}), IsOk());
  }
  static std::string Dir() { return TempPath("cluster"); }
  static std::string In(const std::string& path) { return Dir() + "/" + path; }

  template <typename Config>
  static Config Load(const std::string& name) {
    Config config;
    EXPECT_THAT(rpc::LoadTextproto(In("config/" + name + ".textproto"), config),
                IsOk());
    return config;
  }
};

TEST_F(InitClusterTest, ChainVerifiesUnderOpenssl) {
  Shell("openssl verify -x509_strict -CAfile " + In("ca/root.pem") + " " +
        In("ca/issuing.pem"));
  Shell("openssl verify -x509_strict -CAfile " + In("ca/bundle.pem") + " " +
        In("ca/ocsp.pem"));
  EXPECT_FALSE(Succeeds("openssl verify -CAfile " + In("ca/root.pem") + " " +
                        In("identity/signer.pem")));
}

TEST_F(InitClusterTest, RootAndIssuingCaHaveTheirPathLengths) {
  EXPECT_THAT(Text(In("ca/root.pem")), HasSubstr("CA:TRUE, pathlen:1"));
  EXPECT_THAT(Text(In("ca/issuing.pem")), HasSubstr("CA:TRUE, pathlen:0"));
  EXPECT_THAT(Text(In("ca/issuing.pem")),
              HasSubstr("Certificate Sign, CRL Sign"));
  EXPECT_TRUE(Succeeds("openssl x509 -noout -checkend 599184000 -in " +
                       In("ca/root.pem")));
}

// Baseline Requirements 7.1.2.8.
TEST_F(InitClusterTest, OcspSignerIsOneAndNothingElse) {
  const std::string text = Text(In("ca/ocsp.pem"));
  EXPECT_THAT(text, HasSubstr("X509v3 Extended Key Usage: \n"
                              "                OCSP Signing\n"));
  EXPECT_THAT(text, HasSubstr("X509v3 Key Usage: critical\n"
                              "                Digital Signature\n"));
  EXPECT_THAT(text, HasSubstr("OCSP No Check"));
  EXPECT_THAT(text,
              HasSubstr("Subject: C = XX, O = chancery, CN = chancery OCSP"));
  // Three times 96 hours.
  EXPECT_TRUE(Succeeds("openssl x509 -noout -checkend 1036000 -in " +
                       In("ca/ocsp.pem")));
  EXPECT_FALSE(Succeeds("openssl x509 -noout -checkend 1036801 -in " +
                        In("ca/ocsp.pem")));
}

TEST_F(InitClusterTest, EveryIdentityHasItsUriAndBothUses) {
  const std::map<std::string, std::string> uris = {
      {"signer", "spiffe://chancery/signer/signer"},
      {"authority", "spiffe://chancery/authority/authority"},
      {"refresher", "spiffe://chancery/refresher/refresher"},
      {"responder-3", "spiffe://chancery/responder/responder-3"},
      {"operator", "spiffe://chancery/operator/operator"},
      {"approver", "spiffe://chancery/operator/approver"},
      {"example", "spiffe://chancery/client/example"}};
  for (const auto& [name, uri] : uris) {
    const std::string file = In("identity/" + name + ".pem");
    Shell("openssl verify -x509_strict -CAfile " + In("service-ca/ca.pem") +
          " " + file);
    EXPECT_THAT(Text(file), HasSubstr("URI:" + uri + "\n"));
    EXPECT_THAT(Text(file), HasSubstr("TLS Web Server Authentication, "
                                      "TLS Web Client Authentication"));
  }
}

TEST_F(InitClusterTest, NobodyElseCanReadAnything) {
  for (const auto& entry : fs::recursive_directory_iterator(Dir())) {
    struct stat facts = {};
    ASSERT_EQ(lstat(entry.path().c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777, entry.is_directory() ? 0700u : 0600u)
        << entry.path();
  }
  EXPECT_FALSE(fs::exists(In("init.partial")));
}

TEST_F(InitClusterTest, ConfigsLoadAndTheirIdentitiesFit) {
  const auto check = [](const auto& config) {
    EXPECT_THAT(rpc::Credentials::Load(config.identity()), IsOk());
    EXPECT_THAT(rpc::RoleTable::Create(config.grant()), IsOk());
  };
  check(Load<config::Signer>("signer"));
  check(Load<config::Authority>("authority"));
  check(Load<config::Refresher>("refresher"));
  for (const char* name : {"responder-1", "responder-2", "responder-3"}) {
    check(Load<config::Responder>(name));
  }
  const auto cli = Load<config::Cli>("cli");
  EXPECT_THAT(rpc::Credentials::Load(cli.identity()), IsOk());
  EXPECT_EQ(cli.default_issuer(), "issuing");
  EXPECT_EQ(cli.responder_url_size(), 3);
}

TEST_F(InitClusterTest, GrantsAreOfExactUrisAndNoMoreThanNeeded) {
  const auto config = Load<config::Signer>("signer");
  const auto roles = rpc::RoleTable::Create(config.grant());
  ASSERT_THAT(roles, IsOk());
  const auto may = [&](const std::string& uri, rpc::Role role) {
    return roles->Check(*rpc::ParseIdentity(uri), role).ok();
  };
  const std::string authority = "spiffe://chancery/authority/authority";
  const std::string refresher = "spiffe://chancery/refresher/refresher";
  const std::string operator_uri = "spiffe://chancery/operator/operator";
  EXPECT_TRUE(may(authority, rpc::Role::kIssue));
  EXPECT_FALSE(may(authority, rpc::Role::kPresign));
  EXPECT_TRUE(may(refresher, rpc::Role::kPresign));
  EXPECT_FALSE(may(refresher, rpc::Role::kRevoke));
  EXPECT_TRUE(may(operator_uri, rpc::Role::kRevoke));
  EXPECT_FALSE(may(operator_uri, rpc::Role::kIssue));
  EXPECT_FALSE(may(operator_uri, rpc::Role::kImport));
  EXPECT_FALSE(config.allow_import());
}

TEST_F(InitClusterTest, SignerKeysBelongToTheirCertificates) {
  const auto config = Load<config::Signer>("signer");
  const auto key_of = [](const std::string& file) {
    return Shell("openssl pkey -pubout -in " + file);
  };
  const auto certified = [](const std::string& file) {
    return Shell("openssl x509 -noout -pubkey -in " + file);
  };
  const config::Issuer& issuer = config.issuer(0);
  EXPECT_EQ(key_of(issuer.key().file()), certified(issuer.certificate_file()));
  EXPECT_EQ(key_of(issuer.ocsp_key().file()),
            certified(issuer.ocsp_certificate_file()));
  EXPECT_EQ(issuer.block_capacity(), 16u);
  const auto responder = Load<config::Responder>("responder-1");
  EXPECT_EQ(issuer.crl_url(),
            "http://" + responder.http_address() + "/crl/issuing.crl");
}

TEST_F(InitClusterTest, KeySetVerifiesUnderThePinnedRootAndNamesTheKey) {
  const std::string hex =
      Shell("openssl pkey -pubin -outform DER -in " +
            In("ca/key-set-root.pem") + " | od -An -v -tx1 | tr -d ' \\n'");
  const std::string spki = *base::FromHex(hex);
  const auto root = crypto::PublicKey::FromSpki(base::AsBytes(spki));
  ASSERT_THAT(root, IsOk());
  const auto file = base::ReadFile(In("ca/key-set"));
  ASSERT_THAT(file, IsOk());
  const auto set = block::OpenKeySet(base::AsBytes(*file), {.keys = {*root}});
  ASSERT_THAT(set, IsOk());
  ASSERT_EQ(set->keys.size(), 1u);
  ASSERT_EQ(set->issuers.size(), 1u);
  EXPECT_EQ(set->issuers[0].name, "issuing");
  const auto manifest = crypto::LoadSoftwareKey(In("ca/manifest.key"), nullptr);
  ASSERT_THAT(manifest, IsOk());
  EXPECT_EQ(set->keys[0].spki,
            base::ToString((*manifest)->public_key().spki()));

  std::string other = *file;
  other.back() = static_cast<char>(other.back() ^ 1);
  EXPECT_FALSE(block::OpenKeySet(base::AsBytes(other), {.keys = {*root}}).ok());
}

TEST_F(InitClusterTest, AllPortsDiffer) {
  const std::string ports =
      Shell("grep -rhoE '127.0.0.1:[0-9]+' " + In("cluster.json") + " | sort");
  // Six admin addresses and three responders.
  EXPECT_EQ(std::count(ports.begin(), ports.end(), '\n'), 9);
  EXPECT_EQ(Shell("grep -hoE '127.0.0.1:[0-9]+' " + In("cluster.json") +
                  " | sort -u | wc -l"),
            "9\n");
}

TEST_F(InitClusterTest, RefusesAFolderThatHoldsACluster) {
  const std::string before = Shell("cd " + Dir() + " && find . | sort");
  EXPECT_THAT(Init({.dir = Dir()}),
              StatusIs(absl::StatusCode::kAlreadyExists, "another folder"));
  EXPECT_EQ(Shell("cd " + Dir() + " && find . | sort"), before);
}

TEST(InitClusterFolderTest, RefusesEntriesThatItDidNotMake) {
  const std::string dir = TempPath("foreign");
  fs::create_directories(dir + "/ca");
  EXPECT_THAT(Init({.dir = dir}),
              StatusIs(absl::StatusCode::kAlreadyExists, "move it away"));
  EXPECT_EQ(Shell("ls " + dir), "ca\n");
}

TEST(InitClusterFolderTest, ClearsWhatAnInterruptedInitLeft) {
  const std::string dir = TempPath("interrupted");
  fs::create_directories(dir + "/ca");
  WriteTemp("interrupted/ca/root.key", "half");
  WriteTemp("interrupted/init.partial", "");
  WriteTemp("interrupted/mine.txt", "kept");
  const auto made = Init({.dir = dir, .responders = 1});
  ASSERT_THAT(made, IsOk());
  EXPECT_TRUE(made->cleared);
  EXPECT_TRUE(fs::exists(dir + "/cluster.json"));
  EXPECT_TRUE(fs::exists(dir + "/mine.txt"));
  EXPECT_FALSE(fs::exists(dir + "/init.partial"));
}

TEST(InitClusterFolderTest, AFailureLeavesOnlyWhatWasThereBefore) {
  const std::string dir = TempPath("failed");
  fs::create_directories(dir);
  WriteTemp("failed/mine.txt", "kept");
  const std::string pin = WriteTemp("pin", "1234\n");
  EXPECT_THAT(Init({.dir = dir,
                    .pkcs11_module = "/nowhere/module.so",
                    .token = "t",
                    .pin_file = pin}),
              StatusIs(absl::StatusCode::kNotFound, "/nowhere/module.so"));
  EXPECT_EQ(Shell("ls -A " + dir), "mine.txt\n");
  fs::remove_all(dir);
  EXPECT_FALSE(Init({.dir = dir,
                     .pkcs11_module = "/nowhere/module.so",
                     .token = "t",
                     .pin_file = pin})
                   .ok());
  EXPECT_FALSE(fs::exists(dir));
}

TEST(InitClusterFolderTest, RefusesWhatNoNameMayHold) {
  EXPECT_THAT(CheckInitOptions({.dir = "x",
                                .organization = "a\x01"
                                                "b"}),
              StatusIs(absl::StatusCode::kInvalidArgument, "--organization"));
  EXPECT_THAT(CheckInitOptions({.dir = "x", .organization = "a\xff"}),
              StatusIs(absl::StatusCode::kInvalidArgument, "UTF-8"));
}

TEST(InitClusterFolderTest, UsesTcpWhereASocketsPathWouldBeTooLong) {
  const std::string dir = TempPath(std::string(100, 'd'));
  ASSERT_THAT(Init({.dir = dir, .responders = 1}), IsOk());
  config::Signer config;
  ASSERT_THAT(rpc::LoadTextproto(dir + "/config/signer.textproto", config),
              IsOk());
  EXPECT_THAT(config.listen().address(0), HasSubstr("127.0.0.1:"));
}

TEST(InitClusterKeysTest, MakesEachKindOfKey) {
  for (const char* type : {"ecdsa-p384", "rsa-2048", "ed25519"}) {
    const std::string dir = TempPath(type);
    ASSERT_THAT(Init({.dir = dir, .responders = 1, .key_type = type}), IsOk());
    Shell("openssl verify -CAfile " + dir + "/ca/bundle.pem " + dir +
          "/ca/ocsp.pem");
  }
}

TEST(InitClusterKeysTest, KeepsTheKeysOfTheCaInAToken) {
  SoftHsm hsm;
  hsm.AddToken("'my token'");  // It goes through a shell.
  const std::string pin = WriteTemp("hsm-pin", "1234\n");
  const std::string dir = TempPath("hsm");
  ASSERT_THAT(Init({.dir = dir,
                    .responders = 1,
                    .pkcs11_module = crypto::testing::kSoftHsmModule,
                    .token = "my token",
                    .pin_file = pin}),
              IsOk());
  for (const char* name : {"root", "issuing", "ocsp", "manifest"}) {
    EXPECT_FALSE(fs::exists(dir + "/ca/" + name + ".key")) << name;
  }
  Shell("openssl verify -x509_strict -CAfile " + dir + "/ca/bundle.pem " + dir +
        "/ca/ocsp.pem");

  config::Signer config;
  ASSERT_THAT(rpc::LoadTextproto(dir + "/config/signer.textproto", config),
              IsOk());
  crypto::KeyOpener opener;
  for (const config::KeySource* source :
       {&config.manifest_key(), &config.issuer(0).key(),
        &config.issuer(0).ocsp_key()}) {
    EXPECT_THAT(opener.Open({.pkcs11_uri = source->pkcs11_uri(),
                             .pkcs11_module = source->pkcs11_module(),
                             .secret = {.file = source->pin_file()}}),
                IsOk());
  }
}

}  // namespace
}  // namespace chancery::cli
