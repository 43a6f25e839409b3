#include "x509/certificate/csr.h"

#include <string>
#include <vector>

#include "base/encoding.h"
#include "base/testing/status_matchers.h"
#include "crypto/key_type.h"
#include "crypto/testing/command.h"
#include "gtest/gtest.h"

namespace chancery::x509 {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using crypto::KeyType;
using crypto::testing::Shell;
using crypto::testing::TempPath;
using crypto::testing::WriteTemp;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr char kP256[] = "-newkey ec -pkeyopt ec_paramgen_curve:P-256";

// What `openssl req` makes; `section` is the requested extensions', or nothing.
std::string Request(const std::string& key, const std::string& section,
                    const std::string& more = "") {
  const std::string config = WriteTemp(
      "csr.cnf", "[req]\ndistinguished_name=d\nattributes=a\n" +
                     std::string(section.empty() ? "" : "req_extensions=e\n") +
                     "prompt=no\n[d]\nO=Example\nCN=a.example\n[a]\n"
                     "challengePassword=hunter2\n[e]\n" +
                     section + "\n");
  Shell("openssl req -new -nodes " + key + " -config " + config + " -keyout " +
        TempPath("csr.key") + " -outform DER -out " + TempPath("csr.der") +
        " " + more);
  return Shell("cat " + TempPath("csr.der"));
}

struct KeyCase {
  const char* name;
  const char* arguments;
  KeyType type;
  int bits;
};

class CsrKeyTest : public ::testing::TestWithParam<KeyCase> {};

TEST_P(CsrKeyTest, IsReadAsOpenSslWroteIt) {
  const std::string der = Request(
      GetParam().arguments,
      "subjectAltName=DNS:a.example,DNS:b.example,IP:192.0.2.1\n"
      "keyUsage=critical,keyCertSign\nbasicConstraints=critical,CA:TRUE");
  const auto csr = ParseCsr(base::AsBytes(der));
  ASSERT_THAT(csr, IsOk());
  EXPECT_EQ(csr->subject,
            (std::vector<Attribute>{{"O", "Example"}, {"CN", "a.example"}}));
  EXPECT_EQ(
      csr->alt_names,
      (std::vector<AltName>{{AltNameKind::kDns, "a.example"},
                            {AltNameKind::kDns, "b.example"},
                            {AltNameKind::kIp, *base::FromHex("c0000201")}}));
  EXPECT_EQ(csr->public_key.type(), GetParam().type);
  EXPECT_EQ(csr->public_key.bits(), GetParam().bits);
  EXPECT_EQ(
      base::ToString(csr->public_key.spki()),
      Shell("openssl pkey -pubout -outform DER -in " + TempPath("csr.key")));
}

INSTANTIATE_TEST_SUITE_P(
    Keys, CsrKeyTest,
    ::testing::Values(
        KeyCase{"P256", kP256, KeyType::kEcP256, 256},
        KeyCase{"P384", "-newkey ec -pkeyopt ec_paramgen_curve:P-384 -sha384",
                KeyType::kEcP384, 384},
        KeyCase{"Ed25519", "-newkey ed25519", KeyType::kEd25519, 256},
        KeyCase{"Rsa2048", "-newkey rsa:2048", KeyType::kRsa, 2048},
        KeyCase{"Rsa3072", "-newkey rsa:3072 -sha384", KeyType::kRsa, 3072},
        KeyCase{"Rsa4096", "-newkey rsa:4096 -sha512", KeyType::kRsa, 4096}),
    [](const auto& param) { return std::string(param.param.name); });

TEST(CsrTest, NeedsNoNamesAtAll) {
  const std::string der = Request(kP256, "", "-subj /");
  const auto csr = ParseCsr(base::AsBytes(der));
  ASSERT_THAT(csr, IsOk());
  EXPECT_TRUE(csr->subject.empty());
  EXPECT_TRUE(csr->alt_names.empty());
}

TEST(CsrTest, NoByteCanBeChangedUnnoticed) {
  const std::string der = Request(kP256, "subjectAltName=DNS:a.example");
  for (size_t i = 0; i < der.size(); ++i) {
    std::string changed = der;
    changed[i] = static_cast<char>(changed[i] ^ 0x01);
    EXPECT_FALSE(ParseCsr(base::AsBytes(changed)).ok()) << "byte " << i;
    const std::string part = der.substr(0, i);
    EXPECT_FALSE(ParseCsr(base::AsBytes(part)).ok()) << i << " bytes";
  }
}

TEST(CsrTest, TheKeyMustHaveSigned) {
  std::string der = Request("-newkey ed25519", "");
  der.back() = static_cast<char>(der.back() ^ 0x01);
  EXPECT_THAT(ParseCsr(base::AsBytes(der)),
              StatusIs(kInvalid, "signature does not verify"));
}

TEST(CsrTest, RefusesTrailingBytes) {
  const std::string der = Request(kP256, "") + '\0';
  EXPECT_THAT(ParseCsr(base::AsBytes(der)), StatusIs(kInvalid, "structure"));
}

TEST(CsrTest, IsAtMost64KiB) {
  const std::string der(kMaxCsr + 1, '\x30');
  EXPECT_THAT(ParseCsr(base::AsBytes(der)),
              StatusIs(kInvalid, "65537 bytes; at most 65536"));
}

TEST(CsrTest, HasAtMostAThousandNames) {
  std::string names = "subjectAltName=DNS:a0";
  for (int i = 1; i <= 1000; ++i) names += ",DNS:a" + std::to_string(i);
  const std::string der = Request(kP256, names);
  EXPECT_THAT(ParseCsr(base::AsBytes(der)),
              StatusIs(kInvalid, "1001 names; at most 1000"));
}

TEST(CsrTest, RefusesOtherKindsOfNames) {
  const std::string der =
      Request(kP256, "subjectAltName=RID:1.2.3.4,DNS:a.example");
  EXPECT_THAT(ParseCsr(base::AsBytes(der)),
              StatusIs(kInvalid, "a kind of name"));
}

TEST(CsrTest, RefusesASubjectThatIsNoText) {
  const std::string der = Request(
      kP256, "", "-utf8 -multivalue-rdn -subj \"$(printf '/CN=a\\001b')\"");
  EXPECT_THAT(ParseCsr(base::AsBytes(der)), StatusIs(kInvalid, "CN"));
}

TEST(CsrTest, RefusesKeysAndAlgorithmsThatItDoesNotKnow) {
  const struct {
    const char* name;
    const char* key;
  } wrong[] = {
      {"secp256k1", "-newkey ec -pkeyopt ec_paramgen_curve:secp256k1"},
      {"Ed448", "-newkey ed448"},
      {"RSA-PSS", "-newkey rsa-pss"},
      {"ECDSA with SHA-1", "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -sha1"},
      {"RSA with SHA-1", "-newkey rsa:2048 -sha1"},
  };
  for (const auto& c : wrong) {
    const std::string der = Request(c.key, "");
    EXPECT_EQ(ParseCsr(base::AsBytes(der)).status().code(),
              absl::StatusCode::kUnimplemented)
        << c.name;
  }
}

}  // namespace
}  // namespace chancery::x509
