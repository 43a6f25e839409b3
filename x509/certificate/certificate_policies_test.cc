#include "x509/certificate/certificate_policies.h"

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/encoding.h"
#include "base/testing/status_matchers.h"
#include "crypto/testing/command.h"
#include "gtest/gtest.h"
#include "x509/certificate/certificate.h"
#include "x509/certificate/pem.h"

namespace chancery::x509 {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using crypto::testing::Shell;
using crypto::testing::TempPath;
using crypto::testing::WriteTemp;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

// What OpenSSL writes for `section`.
std::string FromOpenSsl(const std::string& section) {
  const std::string config = WriteTemp(
      "cp.cnf",
      "[req]\ndistinguished_name=d\nx509_extensions=e\nprompt=no\n[d]\nCN=x\n" +
          section);
  const std::string pem = Shell(
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
      "-days 9 -keyout /dev/null -config " +
      config);
  return DecodePem("CERTIFICATE", pem).value().front();
}

TEST(CertificatePoliciesTest, AreWrittenAndReadAsByOpenSsl) {
  const std::string der = FromOpenSsl(
      "[e]\ncertificatePolicies=2.23.140.1.2.1,@p\n"
      "[p]\npolicyIdentifier=1.3.6.1.4.1.5923.9.1\n"
      "CPS.1=https://example.com/cps\nuserNotice.1=@n\n"
      "[n]\nexplicitText=UTF8:Mind the gap \xc3\xa9\n");
  const auto certificate = Certificate::Parse(base::AsBytes(der));
  ASSERT_THAT(certificate, IsOk());
  const std::vector<CertificatePolicy> expected = {
      {.oid = "2.23.140.1.2.1"},
      {.oid = "1.3.6.1.4.1.5923.9.1",
       .cps_urls = {"https://example.com/cps"},
       .user_notices = {"Mind the gap \xc3\xa9"}}};
  EXPECT_EQ(certificate->facts().extensions.policies, expected);
  EXPECT_NE(der.find(EncodeCertificatePolicies(expected)), std::string::npos);
}

TEST(CertificatePoliciesTest, RefusesWhatIsMalformed) {
  const struct {
    const char* what;
    const char* hex;
  } wrong[] = {
      {"none", "3000"},
      {"no OID", "30023000"},
      {"trailing bytes",
       "3006300406022a03"
       "00"},
      {"one twice", "300c300406022a03300406022a03"},
      {"qualifiers that are no SEQUENCE", "3008300606022a030500"},
  };
  for (const auto& c : wrong) {
    const std::string der = *base::FromHex(c.hex);
    EXPECT_EQ(ParseCertificatePolicies(base::AsBytes(der)).status().code(),
              kInvalid)
        << c.what;
  }
}

TEST(CertificatePoliciesTest, ChecksWhatAConfigurationSays) {
  EXPECT_THAT(CheckCertificatePolicy({.oid = "1.2.3",
                                      .cps_urls = {"https://a.example/cps"},
                                      .user_notices = {"text"}}),
              IsOk());
  EXPECT_THAT(CheckCertificatePolicy({.oid = "one"}),
              StatusIs(kInvalid, "policy oid: \"one\""));
  EXPECT_THAT(CheckCertificatePolicy({.oid = "1.2.3", .cps_urls = {"ftp://a"}}),
              StatusIs(kInvalid, "cps_url"));
  EXPECT_THAT(
      CheckCertificatePolicy({.oid = "1.2.3", .cps_urls = {"http://\xc3\xa9"}}),
      StatusIs(kInvalid, "cps_url"));
  EXPECT_THAT(CheckCertificatePolicy(
                  {.oid = "1.2.3", .user_notices = {std::string(201, 'x')}}),
              StatusIs(kInvalid, "user_notice"));
}

}  // namespace
}  // namespace chancery::x509
