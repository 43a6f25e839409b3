#include "signer/airgap/operators.h"

#include <string>

#include "base/testing/status_matchers.h"
#include "chancery/config/signer.pb.h"
#include "crypto/testing/command.h"
#include "gtest/gtest.h"

namespace chancery::signer {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using crypto::testing::Shell;
using crypto::testing::TempPath;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

// The path of a public key that OpenSSL made.
std::string NewPublicKey(const std::string& name, const std::string& kind) {
  const std::string path = TempPath(name);
  Shell("openssl genpkey " + kind + " | openssl pkey -pubout -out " + path);
  return path;
}

config::AirGap TwoOfThree() {
  config::AirGap config;
  config.set_channel("spiffe://test/signer/root");
  config.add_operator_key_file(NewPublicKey("ed.pub", "-algorithm ED25519"));
  config.add_operator_key_file(
      NewPublicKey("ec.pub", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256"));
  config.add_operator_key_file(
      NewPublicKey("rsa.pub", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048"));
  config.set_threshold(2);
  return config;
}

TEST(OperatorsTest, LoadsEveryKey) {
  const config::AirGap config = TwoOfThree();
  ASSERT_THAT(CheckAirGap(config), IsOk());
  const auto operators = LoadOperators(config);
  ASSERT_THAT(operators, IsOk());
  EXPECT_EQ(operators->keys.size(), 3u);
  EXPECT_EQ(operators->threshold, 2u);
}

TEST(OperatorsTest, TheThresholdCanBeReachedAndIsNotZero) {
  config::AirGap config = TwoOfThree();
  for (const uint32_t threshold : {0u, 4u}) {
    config.set_threshold(threshold);
    EXPECT_THAT(CheckAirGap(config), StatusIs(kInvalid, "air_gap.threshold"));
  }
  config.clear_operator_key_file();
  EXPECT_THAT(CheckAirGap(config),
              StatusIs(kInvalid, "air_gap.operator_key_file"));
}

TEST(OperatorsTest, TheChannelIsPlainText) {
  config::AirGap config = TwoOfThree();
  config.set_channel("a\nb");
  EXPECT_THAT(CheckAirGap(config), StatusIs(kInvalid, "air_gap.channel"));
  config.clear_channel();
  EXPECT_THAT(CheckAirGap(config), StatusIs(kInvalid, "air_gap.channel"));
}

// Two of k would be one person.
TEST(OperatorsTest, TheSameKeyTwiceIsRefused) {
  config::AirGap config = TwoOfThree();
  const std::string copy = TempPath("copy.pub");
  Shell("(echo Operator; cat " + config.operator_key_file(1) + ") > " + copy);
  config.add_operator_key_file(copy);
  EXPECT_THAT(LoadOperators(config), StatusIs(kInvalid, "a key of their own"));
}

TEST(OperatorsTest, AWeakKeyIsRefused) {
  config::AirGap config = TwoOfThree();
  config.add_operator_key_file(
      NewPublicKey("weak.pub", "-algorithm RSA -pkeyopt rsa_keygen_bits:1024"));
  EXPECT_THAT(LoadOperators(config), StatusIs(kInvalid, "1024 bits"));
}

TEST(OperatorsTest, WhatIsNoPublicKeyIsNamed) {
  config::AirGap config = TwoOfThree();
  config.add_operator_key_file(crypto::testing::WriteTemp("no.pub", "nothing"));
  EXPECT_THAT(LoadOperators(config), StatusIs(kInvalid, "no.pub"));
}

}  // namespace
}  // namespace chancery::signer
