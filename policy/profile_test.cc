#include "policy/profile.h"

#include <set>
#include <string>
#include <vector>

#include "base/testing/status_matchers.h"
#include "gtest/gtest.h"
#include "x509/certificate/extensions.h"

namespace chancery::policy {
namespace {

using base::testing::StatusIs;
using crypto::KeyType;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

TEST(ProfileWordsTest, AreThoseOfTheConfiguration) {
  EXPECT_EQ(KeyUsageFromNames({"digital_signature", "key_agreement"}).value(),
            x509::kDigitalSignature | x509::kKeyAgreement);
  EXPECT_THAT(KeyUsageFromNames({"key_cert_sign"}),
              StatusIs(kInvalid, "key_usage: \"key_cert_sign\""));
  EXPECT_EQ(ExtendedKeyUsageFromNames({"server_auth", "1.2.3.4"}).value(),
            (std::vector<std::string>{x509::kServerAuth, "1.2.3.4"}));
  EXPECT_THAT(ExtendedKeyUsageFromNames({x509::kOcspSigning}),
              StatusIs(kInvalid, "no profile makes OCSP signers"));
  EXPECT_THAT(ExtendedKeyUsageFromNames({"2.5.29.37.0"}),
              StatusIs(kInvalid, "any purpose"));
  EXPECT_THAT(ExtendedKeyUsageFromNames({"everything"}),
              StatusIs(kInvalid, "extended_key_usage: \"everything\""));
  EXPECT_EQ(KeyTypesFromNames({}).value().size(), 4u);
  EXPECT_EQ(KeyTypesFromNames({"rsa", "ecdsa-p384"}).value(),
            (std::set<KeyType>{KeyType::kRsa, KeyType::kEcP384}));
  EXPECT_THAT(KeyTypesFromNames({"dsa"}),
              StatusIs(kInvalid, "key_type: \"dsa\""));
}

}  // namespace
}  // namespace chancery::policy
