#include "crypto/digest_signing.h"

#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "base/bytes.h"
#include "base/testing/status_matchers.h"
#include "crypto/digest_verification.h"
#include "crypto/software_key.h"
#include "crypto/testing/command.h"
#include "gtest/gtest.h"

namespace chancery::crypto {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;

MessageDigest DigestOf(SignatureAlgorithm algorithm,
                       const std::string& message) {
  DigestStream stream(algorithm);
  for (size_t at = 0; at < message.size(); at += 7) {
    stream.Update(base::AsBytes(message).subspan(
        at, std::min<size_t>(7, message.size() - at)));
  }
  return stream.Finish();
}

struct Case {
  const char* name;
  KeySpec spec;
  const char* hash;  // As `openssl dgst` knows it.
};

class DigestSigningTest : public ::testing::TestWithParam<Case> {
 protected:
  const std::unique_ptr<SoftwareKey> key_ = *GenerateKey(GetParam().spec);
  const std::string message_ = std::string(1000, 'm') + "!";
};

TEST_P(DigestSigningTest, SignsWhatOpenSslVerifiesForTheMessage) {
  const auto signature =
      SignDigest(*key_, DigestOf(key_->algorithm(), message_));
  ASSERT_THAT(signature, IsOk());
  const std::string spki = testing::WriteTemp(
      "spki.pem",
      testing::Shell("openssl pkey -pubin -inform DER -in " +
                     testing::WriteTemp(
                         "spki", base::ToString(key_->public_key().spki()))));
  EXPECT_TRUE(testing::Succeeds(
      std::string("openssl dgst -") + GetParam().hash + " -verify " + spki +
      " -signature " + testing::WriteTemp("signature", *signature) + " " +
      testing::WriteTemp("message", message_)));
}

TEST_P(DigestSigningTest, VerifiesWhatSignMadeAndNothingElse) {
  const std::string signature = *key_->Sign(base::AsBytes(message_));
  const PublicKey& key = key_->public_key();
  EXPECT_THAT(VerifyDigest(key, DigestOf(key_->algorithm(), message_),
                           base::AsBytes(signature)),
              IsOk());
  EXPECT_THAT(VerifyDigest(key, DigestOf(key_->algorithm(), message_ + "?"),
                           base::AsBytes(signature)),
              StatusIs(absl::StatusCode::kInvalidArgument, "not verify"));
  EXPECT_FALSE(VerifyDigest(key, DigestOf(key_->algorithm(), message_),
                            base::AsBytes(signature).subspan(1))
                   .ok());
}

TEST_P(DigestSigningTest, RefusesADigestForAnotherAlgorithm) {
  const auto digest = DigestOf(SignatureAlgorithm::kRsaSha512, message_);
  EXPECT_THAT(SignDigest(*key_, digest),
              StatusIs(absl::StatusCode::kInvalidArgument, "sha512"));
}

INSTANTIATE_TEST_SUITE_P(
    Keys, DigestSigningTest,
    ::testing::Values(Case{"P256", {KeyType::kEcP256}, "sha256"},
                      Case{"P384", {KeyType::kEcP384}, "sha384"},
                      Case{"Rsa", {KeyType::kRsa, 2048}, "sha256"}),
    [](const auto& info) { return info.param.name; });

TEST(DigestSigningEd25519Test, NeedsTheMessage) {
  const auto key = *GenerateKey({KeyType::kEd25519});
  const auto digest = DigestOf(SignatureAlgorithm::kEd25519, "message");
  EXPECT_THAT(SignDigest(*key, digest),
              StatusIs(absl::StatusCode::kUnimplemented, "whole messages"));
  const std::string signature =
      *key->Sign(base::AsBytes(absl::string_view("message")));
  EXPECT_FALSE(
      VerifyDigest(key->public_key(), digest, base::AsBytes(signature)).ok());
}

}  // namespace
}  // namespace chancery::crypto
