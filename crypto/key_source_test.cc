#include "crypto/key_source.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/testing/status_matchers.h"
#include "crypto/software_key.h"
#include "crypto/testing/command.h"
#include "crypto/testing/soft_hsm.h"
#include "gtest/gtest.h"

namespace chancery::crypto {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using testing::kSoftHsmModule;
using testing::kSoftHsmPin;
using testing::Shell;
using testing::SoftHsm;
using testing::WriteTemp;

class KeyOpenerFileTest : public ::testing::Test {
 protected:
  KeyOpener opener_;
};

TEST_F(KeyOpenerFileTest, OpensAFileWithItsPassword) {
  const std::string path = WriteTemp(
      "key.pem",
      Shell("openssl genpkey -algorithm ED25519 -aes-256-cbc -pass pass:word"));
  const auto key = opener_.Open(
      {.file = path, .secret = {.file = WriteTemp("password", "word\n")}});
  ASSERT_THAT(key, IsOk());
  EXPECT_THAT((*key)->Sign({}), IsOk());
  EXPECT_THAT(opener_.Open({.file = path}),
              StatusIs(absl::StatusCode::kPermissionDenied, "no password"));
  EXPECT_THAT(
      opener_.Open(
          {.file = path, .secret = {.file = WriteTemp("password", "other")}}),
      StatusIs(absl::StatusCode::kPermissionDenied, "wrong password"));
}

TEST_F(KeyOpenerFileTest, RefusesAnotherKeyThanTheExpected) {
  const std::string path =
      WriteTemp("key.pem", Shell("openssl genpkey -algorithm ED25519"));
  const auto key = opener_.Open({.file = path});
  ASSERT_THAT(key, IsOk());
  EXPECT_THAT(opener_.Open({.file = path}, (*key)->public_key()), IsOk());
  const auto other = GenerateKey({KeyType::kEd25519});
  ASSERT_THAT(other, IsOk());
  EXPECT_THAT(
      opener_.Open({.file = path}, (*other)->public_key()),
      StatusIs(absl::StatusCode::kFailedPrecondition, "not the expected"));
}

TEST_F(KeyOpenerFileTest, NeedsExactlyOnePlace) {
  EXPECT_THAT(opener_.Open({}),
              StatusIs(absl::StatusCode::kInvalidArgument, "name one"));
  EXPECT_THAT(opener_.Open({.file = "a", .pkcs11_uri = "pkcs11:"}),
              StatusIs(absl::StatusCode::kInvalidArgument, "name one"));
}

class KeyOpenerTokenTest : public ::testing::Test {
 protected:
  KeyOpenerTokenTest() { hsm_.AddToken("t"); }

  KeySource Source(const std::string& rest) {
    return {.pkcs11_uri = absl::StrCat("pkcs11:token=t", rest),
            .pkcs11_module = kSoftHsmModule,
            .secret = {.file = WriteTemp("pin", kSoftHsmPin)}};
  }

  void MakeKey(KeyOpener& opener, const std::string& label,
               const std::string& id) {
    const auto token = opener.OpenToken(Source(""));
    ASSERT_THAT(token, IsOk());
    ASSERT_THAT((*token)->GenerateKey({KeyType::kEcP256}, label, id), IsOk());
  }

  SoftHsm hsm_;
};

TEST_F(KeyOpenerTokenTest, SharesOneTokenHoweverItIsDescribed) {
  KeyOpener opener;
  const auto first = opener.OpenToken(Source(""));
  ASSERT_THAT(first, IsOk());
  const auto second =
      opener.OpenToken(Source(";manufacturer=SoftHSM%20project"));
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(first->get(), second->get());
}

TEST_F(KeyOpenerTokenTest, OpensKeysThatOutliveIt) {
  std::unique_ptr<SigningKey> key;
  {
    KeyOpener opener;
    MakeKey(opener, "k", "\x01");
    auto opened = opener.Open(Source(";object=k"));
    ASSERT_THAT(opened, IsOk());
    key = *std::move(opened);
  }
  EXPECT_THAT(key->Sign({}), IsOk());
}

TEST_F(KeyOpenerTokenTest, TakesThePinFromTheUriOrBesideIt) {
  const std::string pin = WriteTemp("pin", kSoftHsmPin);
  setenv("KEY_SOURCE_TEST_PIN", kSoftHsmPin, 1);
  const std::string by_uri = absl::StrCat("pkcs11:token=t?pin-source=", pin);
  EXPECT_THAT(KeyOpener().OpenToken(
                  {.pkcs11_uri = by_uri, .pkcs11_module = kSoftHsmModule}),
              IsOk());
  EXPECT_THAT(KeyOpener().OpenToken({.pkcs11_uri = "pkcs11:token=t",
                                     .pkcs11_module = kSoftHsmModule,
                                     .secret = {.env = "KEY_SOURCE_TEST_PIN"}}),
              IsOk());
  EXPECT_THAT(KeyOpener().OpenToken({.pkcs11_uri = by_uri,
                                     .pkcs11_module = kSoftHsmModule,
                                     .secret = {.file = pin}}),
              StatusIs(absl::StatusCode::kInvalidArgument, "another"));
  EXPECT_THAT(KeyOpener().OpenToken({.pkcs11_uri = "pkcs11:token=t",
                                     .pkcs11_module = kSoftHsmModule}),
              StatusIs(absl::StatusCode::kInvalidArgument, "has no PIN"));
  EXPECT_THAT(KeyOpener().OpenToken({.pkcs11_uri = SoftHsm::Uri("t"),
                                     .pkcs11_module = "/other.so",
                                     .secret = {.file = pin}}),
              StatusIs(absl::StatusCode::kInvalidArgument, "another module"));
}

TEST_F(KeyOpenerTokenTest, RefusesAPinFileThatOthersMayRead) {
  KeySource source = Source("");
  source.secret.file = WriteTemp("open_pin", kSoftHsmPin, 0644);
  EXPECT_THAT(KeyOpener().OpenToken(source),
              StatusIs(absl::StatusCode::kFailedPrecondition, "0644"));
}

TEST_F(KeyOpenerTokenTest, TriesAWrongPinOnce) {
  KeyOpener opener;
  KeySource source = Source("");
  source.secret.file = WriteTemp("wrong_pin", "9999");
  EXPECT_THAT(opener.OpenToken(source),
              StatusIs(absl::StatusCode::kPermissionDenied, "token=t"));
  // The right one now, but this opener does not ask the token again.
  EXPECT_THAT(opener.OpenToken(Source("")),
              StatusIs(absl::StatusCode::kPermissionDenied, "not tried again"));
  EXPECT_THAT(KeyOpener().OpenToken(Source("")), IsOk());
}

}  // namespace
}  // namespace chancery::crypto
