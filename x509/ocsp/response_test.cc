#include "x509/ocsp/response.h"

#include <string>

#include "base/encoding.h"
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

class OcspResponseTest : public ::testing::Test {
 protected:
  OcspResponseTest() {
    ca_.WriteIndex({{"01", ""},
                    {"02", "240102030405Z,keyCompromise"},
                    {"03", "240102030405Z"}});
  }

  // What `openssl ocsp` answers about `serials`.
  std::string Respond(const std::string& serials, const std::string& signer,
                      const std::string& arguments) {
    const std::string request = TempPath("request.der"),
                      response = TempPath("response.der");
    Shell("openssl ocsp -issuer " + ca_.Path("pem") + " -no_nonce " + serials +
          " -reqout " + request);
    Shell("openssl ocsp -index " + ca_.Path("index") + " -CA " +
          ca_.Path("pem") + " -rsigner " + ca_.Path(signer + "pem") +
          " -rkey " + ca_.Path(signer + "key") + " -reqin " + request +
          " -respout " + response + " " + arguments);
    return Shell("cat " + response);
  }

  testing::OpenSslCa ca_{"ca"};
};

TEST_F(OcspResponseTest, ReadsWhatOpenSslSays) {
  const std::string der =
      Respond("-serial 1 -sha256 -serial 2 -serial 3 -serial 4", "",
              "-ndays 3 -resp_key_id -resp_no_certs");
  const auto parsed = ParseOcspResponse(base::AsBytes(der));
  ASSERT_THAT(parsed, IsOk());
  EXPECT_EQ(parsed->status, OcspResponseStatus::kSuccessful);
  ASSERT_TRUE(parsed->responder_key_hash.has_value());
  EXPECT_TRUE(base::Equal(*parsed->responder_key_hash,
                          ca_.key().public_key().KeyHashSha1()));
  EXPECT_FALSE(parsed->responder_name.has_value());
  EXPECT_TRUE(parsed->certificates.empty());
  ASSERT_EQ(parsed->responses.size(), 4u);

  const SingleResponse& good = parsed->responses[0];
  EXPECT_EQ(good.status, SingleResponse::Status::kGood);
  EXPECT_EQ(good.cert_id.hash, CertIdHash::kSha1);
  EXPECT_EQ(base::Hex(good.cert_id.serial), "01");
  EXPECT_EQ(*good.next_update - good.this_update, absl::Hours(72));
  EXPECT_LE(parsed->produced_at - good.this_update, absl::Seconds(5));

  const absl::Time revoked_at = absl::FromCivil(
      absl::CivilSecond(2024, 1, 2, 3, 4, 5), absl::UTCTimeZone());
  const SingleResponse& compromised = parsed->responses[1];
  EXPECT_EQ(compromised.cert_id.hash, CertIdHash::kSha256);
  EXPECT_EQ(compromised.status, SingleResponse::Status::kRevoked);
  EXPECT_EQ(compromised.revocation_time, revoked_at);
  EXPECT_EQ(compromised.reason, 1);
  EXPECT_EQ(parsed->responses[2].status, SingleResponse::Status::kRevoked);
  EXPECT_EQ(parsed->responses[2].reason, std::nullopt);
  EXPECT_EQ(parsed->responses[3].status, SingleResponse::Status::kUnknown);

  EXPECT_THAT(VerifyOcspSignature(*parsed, ca_.key().public_key()), IsOk());
}

TEST_F(OcspResponseTest, AnswersWithoutNextUpdateHaveNone) {
  const std::string der = Respond("-serial 1", "", "");
  const auto parsed = ParseOcspResponse(base::AsBytes(der));
  ASSERT_THAT(parsed, IsOk());
  EXPECT_EQ(parsed->responses[0].next_update, std::nullopt);
  // byName, with the signer's certificate.
  EXPECT_FALSE(parsed->responder_key_hash.has_value());
  ASSERT_TRUE(parsed->responder_name.has_value());
  EXPECT_EQ(base::ToString(*parsed->responder_name), ca_.subject());
  EXPECT_EQ(parsed->certificates.size(), 1u);
}

TEST_F(OcspResponseTest, ADelegatesAnswerCarriesItsCertificate) {
  ca_.MakeDelegate("extendedKeyUsage=OCSPSigning");
  const std::string der =
      Respond("-serial 1", "delegate.", "-ndays 1 -resp_key_id");
  const auto parsed = ParseOcspResponse(base::AsBytes(der));
  ASSERT_THAT(parsed, IsOk());
  ASSERT_EQ(parsed->certificates.size(), 1u);
  EXPECT_EQ(base::ToString(parsed->certificates[0]),
            Shell("openssl x509 -outform DER -in " + ca_.Path("delegate.pem")));
  EXPECT_FALSE(VerifyOcspSignature(*parsed, ca_.key().public_key()).ok());
  const std::string spki = Shell("openssl pkey -pubout -outform DER -in " +
                                 ca_.Path("delegate.key"));
  EXPECT_THAT(VerifyOcspSignature(
                  *parsed, *crypto::PublicKey::FromSpki(base::AsBytes(spki))),
              IsOk());
}

TEST_F(OcspResponseTest, NoByteOfASignedAnswerCanBeChangedUnnoticed) {
  const std::string der =
      Respond("-serial 2", "", "-ndays 1 -resp_key_id -resp_no_certs");
  for (size_t i = 0; i < der.size(); ++i) {
    std::string changed = der;
    changed[i] = static_cast<char>(changed[i] ^ 0x01);
    const auto parsed = ParseOcspResponse(base::AsBytes(changed));
    EXPECT_FALSE(parsed.ok() &&
                 parsed->status == OcspResponseStatus::kSuccessful &&
                 VerifyOcspSignature(*parsed, ca_.key().public_key()).ok())
        << "byte " << i;
    const std::string part = der.substr(0, i);
    EXPECT_FALSE(ParseOcspResponse(base::AsBytes(part)).ok()) << i;
  }
  const std::string longer = der + '\0';
  EXPECT_FALSE(ParseOcspResponse(base::AsBytes(longer)).ok());
}

TEST_F(OcspResponseTest, OpenSslReadsOurErrors) {
  struct Case {
    OcspResponseStatus status;
    const char* name;
  };
  for (const Case& test :
       {Case{OcspResponseStatus::kMalformedRequest, "malformedrequest"},
        Case{OcspResponseStatus::kInternalError, "internalerror"},
        Case{OcspResponseStatus::kTryLater, "trylater"},
        Case{OcspResponseStatus::kSigRequired, "sigrequired"},
        Case{OcspResponseStatus::kUnauthorized, "unauthorized"}}) {
    const base::Bytes der = OcspError(test.status);
    const auto parsed = ParseOcspResponse(der);
    ASSERT_THAT(parsed, IsOk());
    EXPECT_EQ(parsed->status, test.status);
    const std::string path =
        crypto::testing::WriteTemp("error.der", base::ToString(der));
    // It exits with 1, as for every answer that is not successful.
    const std::string text = Shell(
        "openssl ocsp -noverify -resp_text -respin " + path + " 2>&1 || true");
    EXPECT_NE(text.find(test.name), std::string::npos) << text;
  }
}

TEST(OcspResponseStatusTest, FourIsNotAStatus) {
  for (const char* hex : {"30030a0104", "30030a0107", "30030a0100"}) {
    const std::string der = *base::FromHex(hex);
    EXPECT_THAT(ParseOcspResponse(base::AsBytes(der)),
                StatusIs(absl::StatusCode::kInvalidArgument, "OCSPResponse"))
        << hex;
  }
}

}  // namespace
}  // namespace chancery::x509
