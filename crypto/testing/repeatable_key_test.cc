#include "crypto/testing/repeatable_key.h"

#include <string>

#include "base/bytes.h"
#include "base/encoding.h"
#include "base/testing/status_matchers.h"
#include "crypto/ecdsa_signature.h"
#include "gtest/gtest.h"

namespace chancery::crypto::testing {
namespace {

using base::testing::IsOk;

// RFC 6979 appendix A.2.5, "ECDSA, 256 Bits (Prime Field)".
RepeatableKey OfTheRfc() {
  const std::string scalar = *base::FromHex(
      "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721");
  return RepeatableKey(base::AsBytes(scalar));
}

std::string SignedHex(const RepeatableKey& key, const std::string& message) {
  const auto signature = key.Sign(base::AsBytes(message));
  EXPECT_THAT(signature, IsOk());
  EXPECT_THAT(key.public_key().Verify(key.algorithm(), base::AsBytes(message),
                                      base::AsBytes(*signature)),
              IsOk());
  const auto raw =
      EcdsaSignatureFromDer(base::AsBytes(*signature), kP256ScalarSize);
  EXPECT_THAT(raw, IsOk());
  return base::Hex(base::AsBytes(*raw));
}

TEST(RepeatableKeyTest, HasThePublicKeyOfItsScalar) {
  EXPECT_TRUE(base::Hex(OfTheRfc().public_key().spki())
                  .ends_with("60fed4ba255a9d31c961eb74c6356d68"
                             "c049b8923b61fa6ce669622e60f29fb6"
                             "7903fe1008b8bc99a41ae9e95628bc64"
                             "f2f1b20c2d7e9f5177a3c294d4462299"));
}

TEST(RepeatableKeyTest, SignsAsTheRfcSays) {
  EXPECT_EQ(SignedHex(OfTheRfc(), "sample"),
            "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
            "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8");
  EXPECT_EQ(SignedHex(OfTheRfc(), "test"),
            "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367"
            "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083");
}

TEST(RepeatableKeyTest, ANameIsAKey) {
  const auto key = RepeatableKey::Named("a");
  EXPECT_EQ(key->public_key(), RepeatableKey::Named("a")->public_key());
  EXPECT_FALSE(key->public_key() == RepeatableKey::Named("b")->public_key());
  for (int i = 0; i < 100; ++i) {
    const std::string message = std::to_string(i);
    EXPECT_EQ(SignedHex(*key, message), SignedHex(*key, message));
  }
  // OpenSSL, with a nonce of its own.
  const auto other = key->software_key()->Sign(base::AsBytes("m", 1));
  ASSERT_THAT(other, IsOk());
  EXPECT_THAT(key->public_key().Verify(key->algorithm(), base::AsBytes("m", 1),
                                       base::AsBytes(*other)),
              IsOk());
}

}  // namespace
}  // namespace chancery::crypto::testing
