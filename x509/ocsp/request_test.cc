#include "x509/ocsp/request.h"

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

std::string Hex(absl::string_view hex) { return *base::FromHex(hex); }

// A DER element of up to 127 bytes.
std::string Tlv(char tag, const std::string& contents) {
  return std::string{tag, static_cast<char>(contents.size())} + contents;
}

const char kSequence = '\x30', kOctets = '\x04', kInteger = '\x02';

std::string CertIdOf(const std::string& algorithm, const std::string& serial) {
  return Tlv(kSequence, Tlv(kSequence, algorithm) + Tlv(kOctets, "name") +
                            Tlv(kOctets, "key") + Tlv(kInteger, serial));
}

const std::string kSha1WithNull = Hex("06052b0e03021a0500");
const std::string kSha1 = Hex("06052b0e03021a");

std::string RequestOf(const std::string& before, const std::string& cert_id,
                      const std::string& after) {
  return Tlv(
      kSequence,
      Tlv(kSequence, before + Tlv(kSequence, Tlv(kSequence, cert_id)) + after));
}

// requestExtensions with one of this OID.
std::string ExtensionOf(const std::string& oid, const std::string& critical,
                        const std::string& value) {
  return Tlv('\xa2', Tlv(kSequence, Tlv(kSequence, Tlv('\x06', oid) + critical +
                                                       Tlv(kOctets, value))));
}
const std::string kNonce = Hex("2b0601050507300102");

class OcspRequestByOpenSslTest : public ::testing::Test {
 protected:
  std::string Request(const std::string& arguments) {
    const std::string path = TempPath("request.der");
    Shell("openssl ocsp -issuer " + ca_.Path("pem") + " " + arguments +
          " -reqout " + path);
    return Shell("cat " + path);
  }
  testing::OpenSslCa ca_{"ca"};
};

TEST_F(OcspRequestByOpenSslTest, OursIsTheSame) {
  for (const auto& [flag, hash] : {std::pair("-sha1", CertIdHash::kSha1),
                                   {"-sha256", CertIdHash::kSha256}}) {
    for (const char* serial : {"01", "80", "0100", "fedcba9876543210aabb"}) {
      const std::string theirs =
          Request(std::string(flag) + " -no_nonce -serial 0x" + serial);
      const std::string magnitude = Hex(serial);
      const std::string ours = BuildOcspRequest(
          BuildCertId(hash, base::AsBytes(ca_.subject()),
                      ca_.key().public_key(), base::AsBytes(magnitude)),
          {});
      EXPECT_EQ(base::Hex(base::AsBytes(ours)),
                base::Hex(base::AsBytes(theirs)));
      const auto parsed = ParseOcspRequest(base::AsBytes(theirs));
      ASSERT_THAT(parsed, IsOk());
      ASSERT_EQ(parsed->cert_ids.size(), 1u);
      EXPECT_EQ(parsed->cert_ids[0].hash, hash);
      EXPECT_EQ(base::Hex(parsed->cert_ids[0].serial), serial);
      EXPECT_FALSE(parsed->nonce.has_value());
    }
  }
}

TEST_F(OcspRequestByOpenSslTest, SeveralCertificatesAndANonceAreRead) {
  const std::string theirs =
      Request("-serial 1 -sha256 -serial 2 -serial 3 -nonce");
  const auto parsed = ParseOcspRequest(base::AsBytes(theirs));
  ASSERT_THAT(parsed, IsOk());
  ASSERT_EQ(parsed->cert_ids.size(), 3u);
  EXPECT_EQ(parsed->cert_ids[0].hash, CertIdHash::kSha1);
  EXPECT_EQ(parsed->cert_ids[1].hash, CertIdHash::kSha256);
  ASSERT_TRUE(parsed->nonce.has_value());
  EXPECT_EQ(parsed->nonce->size(), 16u);
}

TEST_F(OcspRequestByOpenSslTest, ASignatureAndARequestorAreReadOver) {
  const std::string theirs = Request("-serial 1 -signer " + ca_.Path("pem") +
                                     " -signkey " + ca_.Path("key"));
  EXPECT_THAT(ParseOcspRequest(base::AsBytes(theirs)), IsOk());
}

TEST_F(OcspRequestByOpenSslTest, OpenSslReadsOurNonce) {
  const std::string nonce(32, 'n');
  const std::string ours = BuildOcspRequest(
      BuildCertId(CertIdHash::kSha256, base::AsBytes(ca_.subject()),
                  ca_.key().public_key(), base::AsBytes("\x7f", 1)),
      base::AsBytes(nonce));
  const std::string path = crypto::testing::WriteTemp("ours.der", ours);
  const std::string text = Shell("openssl ocsp -req_text -reqin " + path);
  EXPECT_NE(text.find("Hash Algorithm: sha256"), std::string::npos) << text;
  EXPECT_NE(text.find("Serial Number: 7F"), std::string::npos) << text;
  EXPECT_NE(text.find("OCSP Nonce"), std::string::npos) << text;
  const auto parsed = ParseOcspRequest(base::AsBytes(ours));
  ASSERT_THAT(parsed, IsOk());
  EXPECT_EQ(base::ToString(*parsed->nonce), nonce);
}

TEST_F(OcspRequestByOpenSslTest, NoPartOfARequestIsARequest) {
  const std::string theirs = Request("-serial 1 -nonce");
  for (size_t size = 0; size < theirs.size(); ++size) {
    const std::string part = theirs.substr(0, size);
    EXPECT_FALSE(ParseOcspRequest(base::AsBytes(part)).ok()) << size;
  }
  const std::string longer = theirs + '\0';
  EXPECT_FALSE(ParseOcspRequest(base::AsBytes(longer)).ok());
}

TEST(OcspRequestTest, ParametersMayBeNullOrAbsent) {
  for (const std::string& algorithm : {kSha1, kSha1WithNull}) {
    const std::string der = RequestOf("", CertIdOf(algorithm, "\x01"), "");
    const auto parsed = ParseOcspRequest(base::AsBytes(der));
    ASSERT_THAT(parsed, IsOk());
    EXPECT_EQ(parsed->cert_ids[0].hash, CertIdHash::kSha1);
    EXPECT_EQ(base::AsText(parsed->cert_ids[0].name_hash), "name");
    EXPECT_EQ(base::AsText(parsed->cert_ids[0].key_hash), "key");
  }
}

TEST(OcspRequestTest, TheDefaultVersionMayBeWritten) {
  const std::string v1 = Hex("a003020100"), v2 = Hex("a003020101");
  const std::string id = CertIdOf(kSha1, "\x01");
  const std::string good = RequestOf(v1, id, ""), bad = RequestOf(v2, id, "");
  EXPECT_THAT(ParseOcspRequest(base::AsBytes(good)), IsOk());
  EXPECT_THAT(ParseOcspRequest(base::AsBytes(bad)),
              StatusIs(absl::StatusCode::kInvalidArgument, "version"));
}

TEST(OcspRequestTest, RefusesEachMalformedField) {
  const std::string id = CertIdOf(kSha1, "\x01");
  const std::string critical = Hex("0101ff");
  struct Case {
    const char* name;
    std::string der;
    const char* message;
  };
  const Case cases[] = {
      {"a serial that is not minimal",
       RequestOf("", CertIdOf(kSha1, std::string("\0\x01", 2)), ""), "reqCert"},
      {"a negative serial", RequestOf("", CertIdOf(kSha1, "\x80"), ""),
       "reqCert"},
      {"a serial of no octets", RequestOf("", CertIdOf(kSha1, ""), ""),
       "reqCert"},
      {"parameters that are not NULL",
       RequestOf("", CertIdOf(kSha1 + Hex("020101"), "\x01"), ""), "reqCert"},
      {"an empty list", Tlv(kSequence, Tlv(kSequence, Tlv(kSequence, ""))),
       "requestList"},
      {"an empty nonce",
       RequestOf("", id, ExtensionOf(kNonce, "", Tlv(kOctets, ""))), "nonce"},
      {"an unknown critical extension",
       RequestOf("", id, ExtensionOf("\x2a\x03", critical, "")), "critical"},
      {"an encoded FALSE",
       RequestOf("", id, ExtensionOf(kNonce, Hex("010100"), Tlv(kOctets, "n"))),
       "extension"},
      {"bytes after the list", RequestOf("", id, Hex("0500")), "tbsRequest"},
  };
  for (const Case& test : cases) {
    EXPECT_THAT(ParseOcspRequest(base::AsBytes(test.der)),
                StatusIs(absl::StatusCode::kInvalidArgument, test.message))
        << test.name;
  }
  const std::string known =
      RequestOf("", id, ExtensionOf("\x2a\x03", "", "any"));
  EXPECT_THAT(ParseOcspRequest(base::AsBytes(known)), IsOk());
}

TEST(OcspRequestTest, ANonceHasOneTo128Octets) {
  const std::string id = CertIdOf(kSha1, "\x01");
  for (size_t size : {1, 32, 128}) {
    const std::string nonce(size, 'n');
    const std::string der = BuildOcspRequest(id, base::AsBytes(nonce));
    const auto parsed = ParseOcspRequest(base::AsBytes(der));
    ASSERT_THAT(parsed, IsOk()) << size;
    EXPECT_EQ(base::ToString(*parsed->nonce), nonce);
  }
  const std::string nonce(129, 'n');
  const std::string der = BuildOcspRequest(id, base::AsBytes(nonce));
  EXPECT_THAT(ParseOcspRequest(base::AsBytes(der)),
              StatusIs(absl::StatusCode::kInvalidArgument, "nonce"));
}

TEST_F(OcspRequestByOpenSslTest, AListHasAtMost64Requests) {
  std::string arguments;
  for (size_t i = 0; i < kMaxCertIds; ++i) arguments += " -serial 5";
  const std::string most = Request(arguments);
  EXPECT_THAT(ParseOcspRequest(base::AsBytes(most)), IsOk());
  const std::string more = Request(arguments + " -serial 5");
  EXPECT_THAT(ParseOcspRequest(base::AsBytes(more)),
              StatusIs(absl::StatusCode::kInvalidArgument, "too long"));
}

}  // namespace
}  // namespace chancery::x509
