#include "policy/key_rules.h"

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/testing/status_matchers.h"
#include "crypto/key_type.h"
#include "crypto/testing/command.h"
#include "der/writer.h"
#include "gtest/gtest.h"

namespace chancery::policy {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using crypto::testing::Shell;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

crypto::PublicKey FromSpki(const std::string& der) {
  auto key = crypto::PublicKey::FromSpki(base::AsBytes(der));
  EXPECT_THAT(key, IsOk());
  return *std::move(key);
}

crypto::PublicKey FromOpenSsl(const std::string& arguments) {
  return FromSpki(Shell("openssl genpkey " + arguments +
                        " | openssl pkey -pubout -outform DER"));
}

// A modulus of `bits` bits that has no known factors, nor private key.
crypto::PublicKey Rsa(size_t bits, const std::string& exponent) {
  std::string modulus((bits + 7) / 8, '\xa5');
  modulus[0] = static_cast<char>(1 << (bits - 1) % 8);
  der::Writer key, spki;
  key.AddSequence([&](der::Writer& w) {
    w.AddUnsigned(base::AsBytes(modulus));
    w.AddUnsigned(base::AsBytes(exponent));
  });
  const std::string bit_string = key.Take();
  spki.AddSequence([&](der::Writer& w) {
    w.AddElement(crypto::KeyAlgorithmIdentifier(crypto::KeyType::kRsa));
    w.AddBitString(base::AsBytes(bit_string));
  });
  return FromSpki(spki.Take());
}

const std::string kF4("\x01\x00\x01", 3);

TEST(KeyRulesTest, AllowsTheKeysOfTheBaselineRequirementsAndEd25519) {
  for (const char* arguments :
       {"-algorithm EC -pkeyopt ec_paramgen_curve:P-256",
        "-algorithm EC -pkeyopt ec_paramgen_curve:P-384", "-algorithm ED25519",
        "-algorithm RSA -pkeyopt rsa_keygen_bits:2048"}) {
    EXPECT_THAT(CheckKey(FromOpenSsl(arguments)), IsOk()) << arguments;
  }
  for (const size_t bits : {2048, 2056, 3072, 4096}) {
    EXPECT_THAT(CheckKey(Rsa(bits, kF4)), IsOk()) << bits;
  }
}

TEST(KeyRulesTest, RefusesP521) {
  EXPECT_THAT(
      CheckKey(FromOpenSsl("-algorithm EC -pkeyopt ec_paramgen_curve:P-521")),
      StatusIs(kInvalid, "P-521"));
}

TEST(KeyRulesTest, RefusesRsaOfOtherSizes) {
  for (const size_t bits : {1024, 2040, 2047, 2049, 2052, 4097, 4104}) {
    EXPECT_THAT(CheckKey(Rsa(bits, kF4)),
                StatusIs(kInvalid, "RSA of " + std::to_string(bits)));
  }
}

TEST(KeyRulesTest, RefusesExponentsThatAreSmallEvenOrHuge) {
  const std::string wrong[] = {
      std::string("\x03", 1),
      std::string("\x11", 1),
      std::string("\xff\xff", 2),
      std::string("\x01\x00\x02", 3),
      std::string("\x01\x00\x00\x00\x00\x00\x00\x00\x01", 9),
  };
  for (const std::string& exponent : wrong) {
    EXPECT_THAT(CheckKey(Rsa(2048, exponent)), StatusIs(kInvalid, "exponent"));
  }
  // 2^2040 + 1.
  std::string huge(256, '\0');
  huge.front() = huge.back() = '\x01';
  EXPECT_THAT(CheckKey(Rsa(2048, huge)),
              StatusIs(kInvalid, "exponent of more than 64 bits"));
}

}  // namespace
}  // namespace chancery::policy
