// What LoadIssuers does with many issuers, and with keys in tokens. What it
// takes from one issuer's configuration is in config_test.cc.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/testing/status_matchers.h"
#include "chancery/config/signer.pb.h"
#include "crypto/key_source.h"
#include "crypto/testing/command.h"
#include "crypto/testing/soft_hsm.h"
#include "gtest/gtest.h"
#include "signer/config.h"
#include "signer/issuer.h"

namespace chancery::signer {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using crypto::testing::kSoftHsmModule;
using crypto::testing::kSoftHsmPin;
using crypto::testing::Shell;
using crypto::testing::SoftHsm;
using crypto::testing::TempPath;
using crypto::testing::WriteTemp;

// More than one thread takes at a time.
constexpr int kMany = 150;

std::string Name(int i) { return absl::StrCat("ca-", i); }

// Each with a key and a self-signed certificate that OpenSSL made.
class LoadManyIssuersTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    Shell(absl::StrCat("umask 077; for i in $(seq 0 ", kMany - 1,
                       "); do openssl req -x509 -newkey ec -pkeyopt "
                       "ec_paramgen_curve:P-256 -nodes -subj /CN=$i -keyout ",
                       TempPath("ca-$i.key"), " -out ", TempPath("ca-$i.pem"),
                       " -addext basicConstraints=critical,CA:TRUE -addext "
                       "keyUsage=critical,keyCertSign,cRLSign 2>&1; done"));
  }
  LoadManyIssuersTest() {
    config_.set_signing_threads(4);
    for (int i = 0; i < kMany; ++i) {
      config::Issuer& issuer = *config_.add_issuer();
      issuer.set_name(Name(i));
      issuer.set_certificate_file(TempPath(Name(i) + ".pem"));
      issuer.mutable_key()->set_file(TempPath(Name(i) + ".key"));
    }
  }
  absl::StatusOr<std::vector<Issuer>> Load() {
    return LoadIssuers(config_, opener_);
  }

  // Moves the key of issuer `i` into a token.
  void UseToken(int i, const std::string& pin = kSoftHsmPin) {
    SoftHsm::Import("t", TempPath(Name(i) + ".key"), Name(i),
                    absl::StrCat(1000 + i));
    config::KeySource& key = *config_.mutable_issuer(i)->mutable_key();
    key.clear_file();
    key.set_pkcs11_uri("pkcs11:token=t;object=" + Name(i));
    key.set_pkcs11_module(kSoftHsmModule);
    key.set_pin_file(WriteTemp("pin", pin));
  }

  config::Signer config_;
  crypto::KeyOpener opener_;
};

TEST_F(LoadManyIssuersTest, AreInTheOrderOfTheConfiguration) {
  const auto issuers = Load();
  ASSERT_THAT(issuers, IsOk());
  ASSERT_EQ(issuers->size(), static_cast<size_t>(kMany));
  for (int i = 0; i < kMany; ++i) {
    const Issuer& issuer = issuers->at(static_cast<size_t>(i));
    EXPECT_EQ(issuer.name, Name(i));
    if (i % 10 != 0) continue;
    EXPECT_EQ(issuer.certificate, Shell("openssl x509 -outform DER -in " +
                                        TempPath(Name(i) + ".pem")));
    EXPECT_EQ(issuer.templates.size(), 2u);
  }
}

TEST_F(LoadManyIssuersTest, TheFirstThatHasAnErrorIsNamed) {
  // Found late, in the last step: the OCSP responses break a lint.
  config::LintSet& set = *config_.mutable_issuer(140)->add_lint_set();
  set.set_name("rfc9919");
  set.set_level("notice");
  EXPECT_THAT(Load(),
              StatusIs(absl::StatusCode::kInternal, "issuer \"ca-140\": lint"));
  // Found early.
  config_.mutable_issuer(145)->set_certificate_file(TempPath("none.pem"));
  EXPECT_THAT(Load(),
              StatusIs(absl::StatusCode::kInternal, "issuer \"ca-140\": lint"));
  *config_.mutable_issuer(120)->mutable_key() = config_.issuer(1).key();
  EXPECT_THAT(Load(), StatusIs(absl::StatusCode::kFailedPrecondition,
                               "issuer \"ca-120\": "));
  // Found when all are there.
  *config_.mutable_issuer(100) = config_.issuer(90);
  config_.mutable_issuer(100)->set_name("again");
  EXPECT_THAT(Load(), StatusIs(absl::StatusCode::kInvalidArgument,
                               "issuer \"again\": has subject and key of "
                               "issuer \"ca-90\""));
  config_.mutable_issuer(7)->set_certificate_file(TempPath("none.pem"));
  EXPECT_THAT(Load(), StatusIs(absl::StatusCode::kNotFound, "\"ca-7\": "));
}

TEST_F(LoadManyIssuersTest, SomeHaveTheirKeysInATokenAndShareItsLogin) {
  SoftHsm hsm;
  hsm.AddToken("t");
  for (const int i : {0, 3, 70, 149}) UseToken(i);
  const auto issuers = Load();
  ASSERT_THAT(issuers, IsOk());
  EXPECT_EQ(opener_.TokenHealth().connections, 1u);
  EXPECT_THAT(issuers->at(70).key->Sign({}), IsOk());
}

// A PIN is tried when it is its key's turn: the token counts those that are
// wrong, and locks itself.
TEST_F(LoadManyIssuersTest, APinBehindAnErrorIsNotTried) {
  SoftHsm hsm;
  hsm.AddToken("t");
  UseToken(5, "wrong");
  config_.mutable_issuer(4)->set_certificate_file(TempPath("none.pem"));
  EXPECT_THAT(Load(), StatusIs(absl::StatusCode::kNotFound, "\"ca-4\": "));
  // An opener that knows a PIN to be wrong does not try another.
  config_.mutable_issuer(4)->set_certificate_file(TempPath("ca-4.pem"));
  WriteTemp("pin", kSoftHsmPin);
  EXPECT_THAT(Load(), IsOk());
}

// The error of a token is as good as any other.
TEST_F(LoadManyIssuersTest, AWrongPinIsNamedBeforeALaterError) {
  SoftHsm hsm;
  hsm.AddToken("t");
  UseToken(5, "wrong");
  config_.mutable_issuer(6)->set_certificate_file(TempPath("none.pem"));
  EXPECT_THAT(Load(),
              StatusIs(absl::StatusCode::kPermissionDenied, "\"ca-5\": "));
}

}  // namespace
}  // namespace chancery::signer
