#include "crypto/verify_together.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/testing/status_matchers.h"
#include "crypto/ecdsa_signature.h"
#include "crypto/software_key.h"
#include "crypto/spki.h"
#include "gtest/gtest.h"

namespace chancery::crypto {
namespace {

using base::AsBytes;
using base::testing::IsOk;
using base::testing::StatusIs;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

// Someone's claim, and its bytes.
struct Owned {
  PublicKey key;
  SignatureAlgorithm algorithm;
  std::string message;
  std::string signature;
};

std::vector<absl::Status> Verify(const std::vector<Owned>& all) {
  std::vector<SignatureClaim> claims;
  for (const Owned& one : all) {
    claims.push_back({.key = one.key,
                      .algorithm = one.algorithm,
                      .message = AsBytes(one.message),
                      .signature = AsBytes(one.signature)});
  }
  return VerifyTogether(claims);
}

Owned SignedBy(const KeyType type, const std::string& message) {
  const auto key =
      *GenerateKey({.type = type, .bits = type == KeyType::kRsa ? 2048 : 0});
  return {.key = key->public_key(),
          .algorithm = key->algorithm(),
          .message = message,
          .signature = *key->Sign(AsBytes(message))};
}

TEST(VerifyTogetherTest, OfNoneIsNone) { EXPECT_TRUE(Verify({}).empty()); }

// Each for itself, whatever the others are.
TEST(VerifyTogetherTest, FindsTheWrongOnesAmongKeysOfAllTypes) {
  const KeyType types[] = {KeyType::kEcP256,  KeyType::kEcP384,
                           KeyType::kRsa,     KeyType::kEcP256,
                           KeyType::kEd25519, KeyType::kEcP256};
  std::vector<Owned> all;
  for (const KeyType type : types) {
    all.push_back(SignedBy(type, absl::StrCat("message ", all.size())));
  }
  for (const absl::Status& one : Verify(all)) EXPECT_THAT(one, IsOk());
  for (size_t wrong = 0; wrong < all.size(); ++wrong) {
    std::vector<Owned> changed = all;
    changed[wrong].message += ".";
    const auto verified = Verify(changed);
    ASSERT_EQ(verified.size(), all.size());
    for (size_t i = 0; i < all.size(); ++i) {
      if (i == wrong) {
        EXPECT_THAT(verified[i], StatusIs(kInvalid, "does not verify")) << i;
      } else {
        EXPECT_THAT(verified[i], IsOk()) << i;
      }
    }
  }
}

TEST(VerifyTogetherTest, TakesNoSignatureForAnothersKeyOrMessage) {
  const Owned a = SignedBy(KeyType::kEcP256, "a");
  const Owned b = SignedBy(KeyType::kEcP256, "b");
  Owned swapped_a = a, swapped_b = b;
  std::swap(swapped_a.signature, swapped_b.signature);
  for (const absl::Status& one : Verify({swapped_a, swapped_b})) {
    EXPECT_THAT(one, StatusIs(kInvalid, "does not verify"));
  }
  Owned others_key = a;
  others_key.key = b.key;
  const auto verified = Verify({others_key, b});
  EXPECT_THAT(verified[0], StatusIs(kInvalid, "does not verify"));
  EXPECT_THAT(verified[1], IsOk());
}

TEST(VerifyTogetherTest, RefusesEachChangedBit) {
  const Owned good = SignedBy(KeyType::kEcP256, "m");
  for (size_t i = 0; i < good.signature.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      Owned bad = good;
      bad.signature[i] = static_cast<char>(bad.signature[i] ^ (1 << bit));
      const auto verified = Verify({bad, good});
      EXPECT_THAT(verified[0], StatusIs(kInvalid, "does not verify"));
      EXPECT_THAT(verified[1], IsOk());
    }
  }
}

TEST(VerifyTogetherTest, AnAlgorithmMustFitTheKey) {
  Owned wrong = SignedBy(KeyType::kEcP256, "m");
  const Owned good = wrong;
  wrong.algorithm = SignatureAlgorithm::kEd25519;
  const auto verified = Verify({wrong, good});
  EXPECT_THAT(verified[0], StatusIs(kInvalid, "does not fit"));
  EXPECT_THAT(verified[1], IsOk());
}

// RFC 6979 appendix A.2.5: P-256, SHA-256.
TEST(VerifyTogetherTest, AgreesWithRfc6979) {
  const auto from_hex = [](absl::string_view hex) {
    return *base::FromHex(hex);
  };
  const std::string point = from_hex(
      "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
      "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299");
  const std::string spki = SpkiFromKeyBits(KeyType::kEcP256, AsBytes(point));
  const PublicKey key = *PublicKey::FromSpki(AsBytes(spki));
  const auto claim = [&](const char* message, const char* raw) {
    const std::string octets = from_hex(raw);
    return Owned{.key = key,
                 .algorithm = SignatureAlgorithm::kEcdsaSha256,
                 .message = message,
                 .signature = *EcdsaSignatureToDer(AsBytes(octets))};
  };
  const Owned sample =
      claim("sample",
            "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
            "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8");
  const Owned test =
      claim("test",
            "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367"
            "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083");
  for (const absl::Status& one : Verify({sample, test})) {
    EXPECT_THAT(one, IsOk());
  }
}

}  // namespace
}  // namespace chancery::crypto
