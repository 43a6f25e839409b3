#include "x509/ocsp/verify.h"

#include <string>

#include "base/testing/status_matchers.h"
#include "crypto/testing/command.h"
#include "gtest/gtest.h"
#include "x509/testing/openssl_ca.h"

namespace chancery::x509 {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using crypto::testing::Shell;
using crypto::testing::TempPath;

Certificate FromPem(const std::string& path) {
  const std::string der = Shell("openssl x509 -outform DER -in " + path);
  auto parsed = Certificate::Parse(base::AsBytes(der));
  EXPECT_THAT(parsed, IsOk());
  return *std::move(parsed);
}

class VerifyOcspResponseTest : public ::testing::Test {
 protected:
  VerifyOcspResponseTest() {
    ca_.WriteIndex({{"01", ""}});
    Shell("openssl ocsp -issuer " + ca_.Path("pem") +
          " -no_nonce -serial 1 -reqout " + TempPath("request.der"));
  }

  // `openssl ocsp` signing with this key; `signer` is the ending of its files.
  std::string RespondBy(const std::string& signer,
                        const std::string& arguments) {
    const std::string response = TempPath("response.der");
    Shell("openssl ocsp -index " + ca_.Path("index") + " -CA " +
          ca_.Path("pem") + " -rsigner " + ca_.Path(signer + "pem") +
          " -rkey " + ca_.Path(signer + "key") + " -ndays 1 -reqin " +
          TempPath("request.der") + " -respout " + response + " " + arguments);
    return Shell("cat " + response);
  }

  absl::Status Verify(const std::string& der, absl::Time now) {
    const auto parsed = ParseOcspResponse(base::AsBytes(der));
    EXPECT_THAT(parsed, IsOk());
    return VerifyOcspResponse(*parsed, issuer_, now);
  }

  testing::OpenSslCa ca_{"ca"};
  const Certificate issuer_ = FromPem(ca_.Path("pem"));
  const absl::Time now_ = issuer_.facts().not_before + absl::Hours(1);
};

TEST_F(VerifyOcspResponseTest, TheIssuerMaySign) {
  EXPECT_THAT(Verify(RespondBy("", "-resp_key_id -resp_no_certs"), now_),
              IsOk());
  EXPECT_THAT(Verify(RespondBy("", "-resp_no_certs"), now_), IsOk());
}

TEST_F(VerifyOcspResponseTest, ADelegateMaySignWhileItIsValid) {
  ca_.MakeDelegate("extendedKeyUsage=OCSPSigning");
  for (const char* responder : {"-resp_key_id", ""}) {
    const std::string der = RespondBy("delegate.", responder);
    EXPECT_THAT(Verify(der, now_), IsOk());
    EXPECT_THAT(Verify(der, now_ + absl::Hours(24 * 11)),
                StatusIs(absl::StatusCode::kPermissionDenied, "not valid at"));
    EXPECT_THAT(Verify(der, now_ - absl::Hours(24)),
                StatusIs(absl::StatusCode::kPermissionDenied, "not valid at"));
  }
}

TEST_F(VerifyOcspResponseTest, AnotherCertificateOfTheIssuerMayNot) {
  for (const char* usage :
       {"extendedKeyUsage=serverAuth", "keyUsage=digitalSignature"}) {
    ca_.MakeDelegate(usage);
    EXPECT_THAT(Verify(RespondBy("delegate.", "-resp_key_id"), now_),
                StatusIs(absl::StatusCode::kPermissionDenied, "OCSPSigning"));
  }
}

TEST_F(VerifyOcspResponseTest, ADelegateOfAnotherCaMayNot) {
  ca_.MakeDelegate("extendedKeyUsage=OCSPSigning");
  const std::string der = RespondBy("delegate.", "-resp_key_id");
  // The same name, another key.
  const testing::OpenSslCa other("ca");
  const auto parsed = ParseOcspResponse(base::AsBytes(der));
  ASSERT_THAT(parsed, IsOk());
  EXPECT_THAT(VerifyOcspResponse(*parsed, FromPem(other.Path("pem")), now_),
              StatusIs(absl::StatusCode::kPermissionDenied, "the delegate:"));
}

TEST_F(VerifyOcspResponseTest, ADelegateWithAnUnknownCriticalExtensionMayNot) {
  ca_.MakeDelegate("extendedKeyUsage=OCSPSigning\n1.2.3.4=critical,ASN1:NULL");
  EXPECT_THAT(Verify(RespondBy("delegate.", "-resp_key_id"), now_),
              StatusIs(absl::StatusCode::kPermissionDenied, "1.2.3.4"));
}

TEST_F(VerifyOcspResponseTest, WithoutItsCertificateADelegateIsNobody) {
  ca_.MakeDelegate("extendedKeyUsage=OCSPSigning");
  EXPECT_THAT(
      Verify(RespondBy("delegate.", "-resp_key_id -resp_no_certs"), now_),
      StatusIs(absl::StatusCode::kPermissionDenied, "neither"));
}

TEST_F(VerifyOcspResponseTest, NoByteCanBeChangedUnnoticed) {
  ca_.MakeDelegate("extendedKeyUsage=OCSPSigning");
  const std::string der = RespondBy("delegate.", "-resp_key_id");
  for (size_t i = 0; i < der.size(); ++i) {
    std::string changed = der;
    changed[i] = static_cast<char>(changed[i] ^ 0x01);
    const auto parsed = ParseOcspResponse(base::AsBytes(changed));
    EXPECT_FALSE(parsed.ok() && VerifyOcspResponse(*parsed, issuer_, now_).ok())
        << "byte " << i;
  }
}

TEST_F(VerifyOcspResponseTest, AnAnswerIsAboutOneCertificateOfOneIssuer) {
  const std::string der = RespondBy("", "");
  const auto parsed = ParseOcspResponse(base::AsBytes(der));
  ASSERT_THAT(parsed, IsOk());
  const base::Bytes asked = parsed->responses[0].cert_id.serial;
  const auto found = FindSingleResponse(*parsed, asked, issuer_);
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ(found->status, SingleResponse::Status::kGood);
  const std::string other_serial = "\x02";
  EXPECT_THAT(FindSingleResponse(*parsed, base::AsBytes(other_serial), issuer_),
              StatusIs(absl::StatusCode::kNotFound, "another certificate"));
  const testing::OpenSslCa sibling("sibling");
  EXPECT_THAT(FindSingleResponse(*parsed, asked, FromPem(sibling.Path("pem"))),
              StatusIs(absl::StatusCode::kNotFound, "another certificate"));
}

TEST_F(VerifyOcspResponseTest, AnErrorIsNobodysWord) {
  const auto parsed =
      ParseOcspResponse(OcspError(OcspResponseStatus::kTryLater));
  ASSERT_THAT(parsed, IsOk());
  EXPECT_THAT(VerifyOcspResponse(*parsed, issuer_, now_),
              StatusIs(absl::StatusCode::kInvalidArgument, "tryLater"));
}

}  // namespace
}  // namespace chancery::x509
