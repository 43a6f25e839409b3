#include "x509/certificate/pem.h"

#include <string>
#include <vector>

#include "base/testing/status_matchers.h"
#include "crypto/testing/command.h"
#include "gtest/gtest.h"

namespace chancery::x509 {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using crypto::testing::Shell;
using crypto::testing::TempPath;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

class PemTest : public ::testing::Test {
 protected:
  PemTest() {
    Shell("openssl req -x509 -new -newkey ed25519 -nodes -subj /CN=x -keyout " +
          TempPath("key") + " -out " + TempPath("pem"));
    pem_ = Shell("cat " + TempPath("pem"));
    der_ = Shell("openssl x509 -outform DER -in " + TempPath("pem"));
    key_ = Shell("cat " + TempPath("key"));
  }
  std::string pem_, der_, key_;
};

TEST_F(PemTest, IsWrittenAsByOpenSsl) {
  EXPECT_EQ(EncodePem("CERTIFICATE", base::AsBytes(der_)), pem_);
}

TEST_F(PemTest, TakesEachBlockOfTheLabelAndPassesOverTheRest) {
  std::string crlf;
  for (char c : pem_) crlf += c == '\n' ? "\r\n" : std::string(1, c);
  const std::string text = "Subject: x\n" + pem_ + key_ + "\n# again\n" + crlf;
  EXPECT_EQ(DecodePem("CERTIFICATE", text).value(),
            (std::vector<std::string>{der_, der_}));
  EXPECT_EQ(DecodePem("PRIVATE KEY", text).value().size(), 1u);
  EXPECT_TRUE(DecodePem("X509 CRL", text).value().empty());
  EXPECT_TRUE(DecodePem("CERTIFICATE", "").value().empty());
}

TEST_F(PemTest, RefusesBlocksThatAreDamaged) {
  const std::string begin = "-----BEGIN CERTIFICATE-----\n";
  const std::string end = "-----END CERTIFICATE-----\n";
  const std::string wrong[] = {
      begin + "MAA=",
      begin + "MAA=\n-----END CERTIFICATE----",
      begin + "MAA\n" + end,
      begin + "M*A=\n" + end,
      begin + "MAB=\n" + end,
      begin + end,
      begin + "MAA=\n-----END X509 CRL-----\n",
      begin + "MAA=\n" + begin + "MAA=\n" + end,
      begin + "Proc-Type: 4,ENCRYPTED\n\nMAA=\n" + end,
      pem_ + begin,
  };
  for (const std::string& text : wrong) {
    EXPECT_THAT(DecodePem("CERTIFICATE", text), StatusIs(kInvalid, "PEM"))
        << text;
  }
}

TEST_F(PemTest, TakesDerOrOneBlock) {
  EXPECT_EQ(DerOrPem("CERTIFICATE", der_).value(), der_);
  EXPECT_EQ(DerOrPem("CERTIFICATE", pem_).value(), der_);
  EXPECT_EQ(DerOrPem("CERTIFICATE", "0 is no DER\n" + pem_).value(), der_);
  EXPECT_THAT(DerOrPem("CERTIFICATE", pem_ + pem_), StatusIs(kInvalid, "2"));
  EXPECT_THAT(DerOrPem("CERTIFICATE", key_), StatusIs(kInvalid, "0"));
  EXPECT_THAT(DerOrPem("CERTIFICATE", ""), StatusIs(kInvalid, "0"));
}

// RFC 7468 section 7: what some tools, such as keytool, write.
TEST_F(PemTest, TakesTheOtherLabelOfRequests) {
  const std::string request =
      EncodePem("CERTIFICATE REQUEST", base::AsBytes(der_));
  const std::string other =
      EncodePem("NEW CERTIFICATE REQUEST", base::AsBytes(der_));
  EXPECT_EQ(DerOrPem("CERTIFICATE REQUEST", request).value(), der_);
  EXPECT_EQ(DerOrPem("CERTIFICATE REQUEST", other).value(), der_);
  EXPECT_THAT(DerOrPem("CERTIFICATE REQUEST", request + other),
              StatusIs(kInvalid, "2"));
  EXPECT_THAT(DerOrPem("CERTIFICATE", other), StatusIs(kInvalid, "0"));
}

}  // namespace
}  // namespace chancery::x509
