#include "crypto/ecdsa_signature.h"

#include <string>

#include "base/encoding.h"
#include "base/testing/status_matchers.h"
#include "crypto/testing/command.h"
#include "gtest/gtest.h"

namespace chancery::crypto {
namespace {

using base::AsBytes;
using base::testing::IsOk;
using base::testing::StatusIs;
using testing::Shell;
using testing::TempPath;

std::string Bytes(const std::string& hex) {
  return base::FromHex(hex).value_or("not hex");
}

// `value` at the end of `size` bytes.
std::string Padded(const std::string& hex, size_t size) {
  const std::string value = Bytes(hex);
  return std::string(size - value.size(), '\0') + value;
}

TEST(EcdsaSignatureTest, EncodesEachWidthInItsShortestForm) {
  const std::string full(32, '\xff'), low = "\x7f" + std::string(31, '\xff');
  struct {
    const char* name;
    std::string raw;
    std::string der_hex;
  } const cases[] = {
      {"one and two", Padded("01", 32) + Padded("02", 32), "3006020101020102"},
      {"high bit set", Padded("80", 32) + Padded("ff00", 32),
       "300902020080020300ff00"},
      {"full width", full + low,
       "3045022100" + base::Hex(AsBytes(full)) + "0220" +
           base::Hex(AsBytes(low))},
      {"P-521, a length of two octets",
       "\x01" + std::string(65, '\xff') + "\x01" + std::string(65, '\xff'),
       "308188" + ("024201" + std::string(130, 'f')) +
           ("024201" + std::string(130, 'f'))},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const auto der = EcdsaSignatureToDer(AsBytes(c.raw));
    ASSERT_THAT(der, IsOk());
    EXPECT_EQ(base::Hex(AsBytes(*der)), c.der_hex);
    const auto raw = EcdsaSignatureFromDer(AsBytes(*der), c.raw.size() / 2);
    ASSERT_THAT(raw, IsOk());
    EXPECT_EQ(*raw, c.raw);
  }
}

TEST(EcdsaSignatureTest, RefusesOtherSizesAndZero) {
  for (const std::string& raw :
       {std::string(), std::string(63, 1), std::string(134, 1),
        std::string(64, 0), Padded("01", 32) + std::string(32, 0),
        std::string(32, 0) + Padded("01", 32)}) {
    EXPECT_THAT(EcdsaSignatureToDer(AsBytes(raw)),
                StatusIs(absl::StatusCode::kInvalidArgument, "ECDSA"));
  }
}

TEST(EcdsaSignatureTest, RefusesWhatIsNotDer) {
  for (const char* hex : {
           "", "30",
           "300602010102010200",      // Trailing byte.
           "3007020101020102",        // Length beyond the end.
           "3009020101020102020103",  // A third number.
           "3003020101",              // One number.
           "308106020101020102",      // Long length.
           "30800201010201020000",    // Indefinite length.
           "300702020001020102",      // Needless 00.
           "3006020100020102",        // r = 0.
           "3006020181020102",        // r < 0.
           "30050200020102",          // Empty INTEGER.
           "3106020101020102",        // A SET.
           "3006030101020102",        // A BIT STRING.
           "3008020300ffff020102",    // r wider than one byte.
       }) {
    SCOPED_TRACE(hex);
    const std::string der = Bytes(hex);
    EXPECT_THAT(EcdsaSignatureFromDer(AsBytes(der), 1),
                StatusIs(absl::StatusCode::kInvalidArgument, "ECDSA"));
  }
  const std::string wide = Bytes("3008020300ffff020102");
  EXPECT_THAT(EcdsaSignatureFromDer(AsBytes(wide), 2), IsOk());
}

TEST(EcdsaSignatureTest, KeepsOpenSslsSignaturesByteForByte) {
  const std::string key = TempPath("ec.pem");
  for (const size_t scalar_size : {kP256ScalarSize, kP384ScalarSize}) {
    Shell("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-" +
          std::to_string(scalar_size * 8) + " -out " + key);
    for (int i = 0; i < 20; ++i) {
      const std::string der = Shell("echo " + std::to_string(i) +
                                    " | openssl dgst -sha256 -sign " + key);
      const auto raw = EcdsaSignatureFromDer(AsBytes(der), scalar_size);
      ASSERT_THAT(raw, IsOk());
      EXPECT_EQ(raw->size(), 2 * scalar_size);
      const auto again = EcdsaSignatureToDer(AsBytes(*raw));
      ASSERT_THAT(again, IsOk());
      EXPECT_EQ(*again, der);
    }
  }
}

}  // namespace
}  // namespace chancery::crypto
