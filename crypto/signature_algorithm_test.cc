#include "crypto/signature_algorithm.h"

#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/encoding.h"
#include "base/testing/status_matchers.h"
#include "gtest/gtest.h"

namespace chancery::crypto {
namespace {

using base::testing::StatusIs;

struct Case {
  SignatureAlgorithm algorithm;
  const char* hex;  // As `openssl x509 | openssl asn1parse` shows it.
  const char* name;
};

constexpr Case kCases[] = {
    {SignatureAlgorithm::kEcdsaSha256, "300a06082a8648ce3d040302",
     "ecdsa-with-SHA256"},
    {SignatureAlgorithm::kEcdsaSha384, "300a06082a8648ce3d040303",
     "ecdsa-with-SHA384"},
    {SignatureAlgorithm::kRsaSha256, "300d06092a864886f70d01010b0500",
     "sha256WithRSAEncryption"},
    {SignatureAlgorithm::kRsaSha384, "300d06092a864886f70d01010c0500",
     "sha384WithRSAEncryption"},
    {SignatureAlgorithm::kRsaSha512, "300d06092a864886f70d01010d0500",
     "sha512WithRSAEncryption"},
    {SignatureAlgorithm::kEd25519, "300506032b6570", "Ed25519"},
};

TEST(SignatureAlgorithmTest, HasOneEncodingBothWays) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(base::Hex(AlgorithmIdentifier(c.algorithm)), c.hex);
    EXPECT_EQ(Name(c.algorithm), c.name);
    const auto parsed =
        ParseSignatureAlgorithm(AlgorithmIdentifier(c.algorithm));
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(*parsed, c.algorithm);
  }
}

// RFC 4055 section 5; the OCSP responders of the U.S. Army send it so.
TEST(SignatureAlgorithmTest, AcceptsRsaWithoutNull) {
  const std::optional<std::string> der =
      base::FromHex("300b06092a864886f70d01010c");
  ASSERT_TRUE(der.has_value());
  const auto parsed = ParseSignatureAlgorithm(base::AsBytes(*der));
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(*parsed, SignatureAlgorithm::kRsaSha384);
}

TEST(SignatureAlgorithmTest, RefusesOthers) {
  for (const char* hex : {
           "",                                // Nothing.
           "300b06092a864886f70d010105",      // sha1, without NULL.
           "300c06082a8648ce3d0403020500",    // ECDSA with NULL.
           "300d06092a864886f70d0101050500",  // sha1WithRSAEncryption.
           "300706032b65700500",              // Ed25519 with NULL.
           "300506032b657000",                // Trailing byte.
       }) {
    SCOPED_TRACE(hex);
    const std::optional<std::string> der = base::FromHex(hex);
    ASSERT_TRUE(der.has_value());
    EXPECT_THAT(ParseSignatureAlgorithm(base::AsBytes(*der)),
                StatusIs(absl::StatusCode::kUnimplemented, "not supported"));
  }
}

}  // namespace
}  // namespace chancery::crypto
