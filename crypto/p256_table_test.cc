#include "crypto/p256_table.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/encoding.h"
#include "base/testing/status_matchers.h"
#include "crypto/ecdsa_signature.h"
#include "crypto/openssl_handles.h"
#include "crypto/repeated_verifier.h"
#include "crypto/software_key.h"
#include "crypto/spki.h"
#include "gtest/gtest.h"

namespace chancery::crypto {
namespace {

using base::AsBytes;
using base::testing::IsOk;
using base::testing::StatusIs;

constexpr auto kAlgorithm = SignatureAlgorithm::kEcdsaSha256;
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

std::unique_ptr<SoftwareKey> NewKey(KeyType type = KeyType::kEcP256) {
  return *GenerateKey({.type = type});
}

// n, of FIPS 186-4 section D.1.2.3, in hexadecimal.
constexpr char kOrder[] =
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

std::string FromHex(absl::string_view hex) { return *base::FromHex(hex); }

// RFC 6979 appendix A.2.5: P-256, SHA-256.
struct Vector {
  const char* message;
  const char* r;
  const char* s;
};
constexpr char kPublicX[] =
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6";
constexpr char kPublicY[] =
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
constexpr Vector kVectors[] = {
    {"sample",
     "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",
     "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"},
    {"test", "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367",
     "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083"},
};

PublicKey KeyAt(const std::string& point) {
  const std::string spki = SpkiFromKeyBits(KeyType::kEcP256, AsBytes(point));
  return *PublicKey::FromSpki(AsBytes(spki));
}

std::string Signature(absl::string_view r, absl::string_view s) {
  const std::string raw = FromHex(absl::StrCat(r, s));
  return *EcdsaSignatureToDer(AsBytes(raw));
}

bool Verifies(const P256Table& table, const std::string& message,
              const std::string& signature) {
  const P256Signed one{.digest = Sha256(AsBytes(message)),
                       .signature = AsBytes(signature)};
  return table.Verify({&one, 1})[0];
}

TEST(P256TableTest, AgreesWithRfc6979) {
  const PublicKey key = KeyAt(FromHex(absl::StrCat("04", kPublicX, kPublicY)));
  const auto table = P256Table::Make(key);
  ASSERT_NE(table, nullptr);
  for (const Vector& v : kVectors) {
    EXPECT_TRUE(Verifies(*table, v.message, Signature(v.r, v.s)));
    EXPECT_FALSE(Verifies(*table, "other", Signature(v.r, v.s)));
    EXPECT_FALSE(Verifies(*table, v.message, Signature(v.s, v.r)));
  }
  EXPECT_FALSE(
      Verifies(*table, "test", Signature(kVectors[0].r, kVectors[0].s)));
}

TEST(P256TableTest, TakesWhatOpenSslSignsAndNothingThatWasChanged) {
  const auto key = NewKey();
  const auto other = NewKey();
  const auto table = P256Table::Make(key->public_key());
  ASSERT_NE(table, nullptr);
  for (int i = 0; i < 200; ++i) {
    const std::string message = absl::StrCat("message ", i);
    const std::string signature = *key->Sign(AsBytes(message));
    EXPECT_TRUE(Verifies(*table, message, signature));
    EXPECT_FALSE(Verifies(*table, message + ".", signature));
    EXPECT_FALSE(Verifies(*table, message, *other->Sign(AsBytes(message))));
  }
  const std::string good = *key->Sign(AsBytes(absl::string_view("m")));
  for (size_t i = 0; i < good.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ (1 << bit));
      EXPECT_FALSE(Verifies(*table, "m", bad)) << i << ":" << bit;
    }
    EXPECT_FALSE(Verifies(*table, "m", good.substr(0, i)));
  }
  EXPECT_FALSE(Verifies(*table, "m", good + '\0'));
}

// Each for itself, although they share their arithmetic.
TEST(P256TableTest, VerifiesManyAtOnce) {
  const auto key = NewKey();
  const auto table = P256Table::Make(key->public_key());
  ASSERT_NE(table, nullptr);
  for (const size_t count : {0, 1, 2, 33}) {
    std::vector<std::string> signatures(count);
    std::vector<P256Signed> all;
    for (size_t i = 0; i < count; ++i) {
      const std::string message = absl::StrCat("message ", i);
      signatures[i] = *key->Sign(AsBytes(message));
      // One cannot be read, one is of another message, one out of range.
      if (i % 7 == 1) signatures[i].pop_back();
      if (i % 7 == 3) signatures[i] = *key->Sign(AsBytes(signatures[i]));
      if (i % 7 == 5) signatures[i] = Signature(kVectors[0].r, kOrder);
      all.push_back({.digest = Sha256(AsBytes(message)),
                     .signature = AsBytes(signatures[i])});
    }
    const std::vector<bool> verified = table->Verify(all);
    ASSERT_EQ(verified.size(), count);
    for (size_t i = 0; i < count; ++i) {
      EXPECT_EQ(verified[i], i % 7 != 1 && i % 7 != 3 && i % 7 != 5) << i;
    }
  }
}

// FIPS 186-5 section 6.4.2 step 1: r and s are in [1, n - 1].
TEST(P256TableTest, RefusesNumbersOutOfRange) {
  const PublicKey key = KeyAt(FromHex(absl::StrCat("04", kPublicX, kPublicY)));
  const auto table = P256Table::Make(key);
  ASSERT_NE(table, nullptr);
  const std::string r = kVectors[0].r, s = kVectors[0].s;
  const std::string zero = FromHex("3006020100020100");
  EXPECT_FALSE(Verifies(*table, "sample", zero));
  EXPECT_FALSE(Verifies(*table, "sample", Signature(kOrder, s)));
  EXPECT_FALSE(Verifies(*table, "sample", Signature(r, kOrder)));
  const std::string largest(64, 'f');
  EXPECT_FALSE(Verifies(*table, "sample", Signature(largest, s)));
  EXPECT_FALSE(Verifies(*table, "sample", Signature(r, largest)));
}

// R1's x may be n or more, and r is what is left. That is one of 2^32
// signatures, so the key is made for the signature: Q = r^-1 (s R - e G).
TEST(P256TableTest, ReducesAnXAboveTheOrder) {
  const EcGroupPtr curve(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
  const BnContextPtr context(BN_CTX_new());
  const BIGNUM* const n = EC_GROUP_get0_order(curve.get());
  const EcPointPtr point(EC_POINT_new(curve.get()));
  const BignumPtr x(BN_dup(n)), r(BN_new()), inverse(BN_new());
  do {
    ASSERT_EQ(BN_add_word(x.get(), 1), 1);
  } while (EC_POINT_set_compressed_coordinates(curve.get(), point.get(),
                                               x.get(), 0, context.get()) != 1);
  ERR_clear_error();
  ASSERT_EQ(BN_sub(r.get(), x.get(), n), 1);
  const std::string message = "large x";
  const Sha256Digest digest = Sha256(AsBytes(message));
  const BignumPtr e(BN_bin2bn(digest.data(), 32, nullptr));
  const BignumPtr s(BN_new());
  ASSERT_EQ(BN_set_word(s.get(), 7), 1);
  BN_mod_inverse(inverse.get(), r.get(), n, context.get());
  BN_mod_mul(s.get(), s.get(), inverse.get(), n, context.get());
  BN_mod_mul(e.get(), e.get(), inverse.get(), n, context.get());
  BN_sub(e.get(), n, e.get());
  const EcPointPtr q(EC_POINT_new(curve.get()));
  ASSERT_EQ(EC_POINT_mul(curve.get(), q.get(), e.get(), point.get(), s.get(),
                         context.get()),
            1);
  std::string bits(65, '\0');
  ASSERT_EQ(
      EC_POINT_point2oct(curve.get(), q.get(), POINT_CONVERSION_UNCOMPRESSED,
                         reinterpret_cast<uint8_t*>(bits.data()), bits.size(),
                         context.get()),
      bits.size());
  std::string raw(64, '\0');
  BN_bn2binpad(r.get(), reinterpret_cast<uint8_t*>(raw.data()), 32);
  raw.back() = 7;
  const std::string signature = *EcdsaSignatureToDer(AsBytes(raw));
  const PublicKey key = KeyAt(bits);
  ASSERT_THAT(key.Verify(kAlgorithm, AsBytes(message), AsBytes(signature)),
              IsOk());
  const auto table = P256Table::Make(key);
  ASSERT_NE(table, nullptr);
  EXPECT_TRUE(Verifies(*table, message, signature));
}

TEST(P256TableTest, IsOfP256Alone) {
  EXPECT_EQ(P256Table::Make(NewKey(KeyType::kEcP384)->public_key()), nullptr);
  EXPECT_EQ(P256Table::Make(NewKey(KeyType::kEd25519)->public_key()), nullptr);
}

TEST(RepeatedVerifierTest, IsAsThePublicKeyBeforeAndAfterItHasATable) {
  const auto key = NewKey();
  TableBudget budget(1);
  const RepeatedVerifier verifier(key->public_key(), budget);
  const std::string message = "message";
  const std::string signature = *key->Sign(AsBytes(message));
  std::string wrong = signature;
  wrong.back() = static_cast<char>(wrong.back() ^ 1);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(verifier.has_table(), round == 1);
    EXPECT_THAT(
        verifier.Verify(kAlgorithm, AsBytes(message), AsBytes(signature)),
        IsOk());
    EXPECT_THAT(verifier.Verify(kAlgorithm, AsBytes(message), AsBytes(wrong)),
                StatusIs(kInvalid, "does not verify"));
    EXPECT_THAT(verifier.Verify(SignatureAlgorithm::kEd25519, AsBytes(message),
                                AsBytes(signature)),
                StatusIs(kInvalid, "does not fit"));
    const RepeatedVerifier::Signed many[] = {
        {.message = AsBytes(message), .signature = AsBytes(wrong)},
        {.message = AsBytes(message), .signature = AsBytes(signature)}};
    const auto each = verifier.VerifyEach(kAlgorithm, many);
    ASSERT_EQ(each.size(), 2u);
    EXPECT_THAT(each[0], StatusIs(kInvalid, "does not verify"));
    EXPECT_THAT(each[1], IsOk());
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (uint64_t i = 0; i <= RepeatedVerifier::kBeforeTable / 4; ++i) {
          EXPECT_THAT(
              verifier.Verify(kAlgorithm, AsBytes(message), AsBytes(signature)),
              IsOk());
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
}

TEST(RepeatedVerifierTest, MakesAsManyTablesAsTheBudgetHas) {
  TableBudget budget(1);
  const std::string message = "message";
  int tables = 0;
  for (const KeyType type :
       {KeyType::kEcP384, KeyType::kEcP256, KeyType::kEcP256}) {
    const auto key = NewKey(type);
    const std::string signature = *key->Sign(AsBytes(message));
    const RepeatedVerifier verifier(key->public_key(), budget);
    for (uint64_t i = 0; i < RepeatedVerifier::kBeforeTable + 2; ++i) {
      ASSERT_THAT(verifier.Verify(key->algorithm(), AsBytes(message),
                                  AsBytes(signature)),
                  IsOk());
    }
    tables += verifier.has_table() ? 1 : 0;
  }
  EXPECT_EQ(tables, 1);
}

}  // namespace
}  // namespace chancery::crypto
