#include "policy/build_certificate.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/testing/status_matchers.h"
#include "crypto/software_key.h"
#include "crypto/testing/command.h"
#include "gtest/gtest.h"
#include "policy/certificate_lints.h"
#include "x509/certificate/certificate.h"
#include "x509/certificate/pem.h"

namespace chancery::policy {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using crypto::KeyType;
using crypto::testing::Shell;
using crypto::testing::Succeeds;
using crypto::testing::TempPath;
using crypto::testing::WriteTemp;
using x509::AltName;
using x509::AltNameKind;
using x509::Attribute;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

class BuildCertificateTest : public ::testing::Test {
 protected:
  BuildCertificateTest() {
    profile_.name = "server";
    profile_.validity = absl::Hours(90 * 24);
    profile_.backdate = absl::Hours(1);
    profile_.key_usage = x509::kDigitalSignature | x509::kKeyEncipherment;
    profile_.extended_key_usage = {x509::kServerAuth};
    profile_.key_types = {KeyType::kEcP256, KeyType::kRsa};
    profile_.alt_name_kinds = {AltNameKind::kDns, AltNameKind::kIp,
                               AltNameKind::kEmail, AltNameKind::kUri};
    profile_.dns_suffixes = {"example.com"};
    profile_.allow_wildcard = true;
    profile_.subject_attributes = {"CN", "O"};

    ca_.serial = "\x01";
    ca_.subject = *x509::EncodeName({{"CN", "Test CA"}});
    ca_.issuer = ca_.subject;
    ca_.not_before = now_ - absl::Hours(48);
    ca_.not_after = now_ + absl::Hours(1000 * 24);
    ca_.public_key = base::ToString(key_->public_key().spki());
    ca_.extensions.is_ca = true;
    ca_.extensions.key_usage = x509::kKeyCertSign | x509::kCrlSign;
    ca_.extensions.subject_key_identifier =
        base::ToString(key_->public_key().KeyHashSha1());
    ca_.extensions.authority_key_identifier =
        ca_.extensions.subject_key_identifier;

    issuer_ = {.subject = ca_.subject,
               .subject_key_identifier = ca_.extensions.subject_key_identifier,
               .not_after = ca_.not_after,
               .ocsp_url = "http://ocsp.example",
               .crl_url = "http://crl.example/ca.crl",
               .ca_issuers_url = "http://ca.example/ca.cer"};
  }

  absl::StatusOr<x509::CertificateFacts> Build(const x509::Csr& csr) {
    return BuildCertificate(profile_, csr, issuer_, serial_, asked_, now_);
  }
  absl::StatusOr<x509::CertificateFacts> Build(std::vector<AltName> names,
                                               std::vector<Attribute> subject) {
    return Build({.subject = std::move(subject),
                  .alt_names = std::move(names),
                  .public_key = key_->public_key(),
                  .extensions = extensions_});
  }
  absl::StatusOr<x509::CertificateFacts> BuildDns(const std::string& name) {
    return Build({{AltNameKind::kDns, name}}, {});
  }

  const absl::Time now_ = absl::FromUnixSeconds(1780000000);
  const std::string serial_ =
      *base::FromHex("01fedcba98765432100123456789abcdef");
  const std::unique_ptr<crypto::SoftwareKey> key_ =
      *crypto::GenerateKey({KeyType::kEcP256});
  Profile profile_;
  AskedValidity asked_;
  std::vector<x509::RequestedExtension> extensions_;
  x509::CertificateFacts ca_;
  IssuerFacts issuer_;
};

TEST_F(BuildCertificateTest, TakesOnlyNamesAndKeyOfARequest) {
  const std::string config = WriteTemp(
      "csr.cnf",
      "[req]\ndistinguished_name=d\nreq_extensions=e\nprompt=no\n"
      "[d]\nC=DE\nO=Example\nCN=WWW.example.com\n"
      "[e]\nsubjectAltName=DNS:www.Example.com,IP:192.0.2.1\n"
      "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n"
      "extendedKeyUsage=OCSPSigning\nnoCheck=ignored\n"
      "nameConstraints=permitted;DNS:x\n1.2.3.4=critical,ASN1:NULL\n");
  const std::string der =
      Shell("openssl req -new -newkey rsa:2048 -nodes -config " + config +
            " -outform DER -keyout " + TempPath("csr.key"));
  const auto csr = x509::ParseCsr(base::AsBytes(der));
  ASSERT_THAT(csr, IsOk());
  const auto facts = Build(*csr);
  ASSERT_THAT(facts, IsOk());

  EXPECT_EQ(facts->serial, serial_);
  EXPECT_EQ(facts->issuer, issuer_.subject);
  EXPECT_EQ(facts->subject,
            *x509::EncodeName({{"O", "Example"}, {"CN", "www.example.com"}}));
  EXPECT_EQ(facts->public_key, base::ToString(csr->public_key.spki()));
  const x509::Extensions& e = facts->extensions;
  EXPECT_EQ(e.is_ca, false);
  EXPECT_EQ(e.key_usage, profile_.key_usage);
  EXPECT_EQ(e.extended_key_usage, profile_.extended_key_usage);
  EXPECT_FALSE(e.ocsp_no_check);
  EXPECT_EQ(e.alt_names, (std::vector<AltName>{
                             {AltNameKind::kDns, "www.example.com"},
                             {AltNameKind::kIp, *base::FromHex("c0000201")}}));
  EXPECT_FALSE(e.alt_names_critical);
  EXPECT_EQ(e.ocsp_urls, std::vector<std::string>{issuer_.ocsp_url});
  EXPECT_EQ(e.crl_urls, std::vector<std::string>{issuer_.crl_url});
  EXPECT_EQ(e.ca_issuers_urls,
            std::vector<std::string>{issuer_.ca_issuers_url});

  const auto ca_der = x509::SignCertificate(ca_, *key_);
  const auto leaf_der = x509::SignCertificate(*facts, *key_);
  ASSERT_THAT(ca_der, IsOk());
  ASSERT_THAT(leaf_der, IsOk());
  EXPECT_THAT(
      LintCertificate(*x509::Certificate::Parse(base::AsBytes(*leaf_der)),
                      *x509::Certificate::Parse(base::AsBytes(*ca_der))),
      IsOk());
  const std::string ca_path = WriteTemp(
      "ca.pem", x509::EncodePem("CERTIFICATE", base::AsBytes(*ca_der)));
  const std::string leaf_path = WriteTemp(
      "leaf.pem", x509::EncodePem("CERTIFICATE", base::AsBytes(*leaf_der)));
  EXPECT_TRUE(Succeeds(absl::StrCat(
      "openssl verify -x509_strict -purpose sslserver -verify_hostname "
      "www.example.com -attime ",
      absl::ToUnixSeconds(now_), " -CAfile ", ca_path, " ", leaf_path)));
}

TEST_F(BuildCertificateTest, LivesFromTheBackdateForTheValidity) {
  const auto facts = BuildDns("example.com");
  ASSERT_THAT(facts, IsOk());
  EXPECT_EQ(facts->not_before, now_ - absl::Hours(1));
  // RFC 5280 section 4.1.2.5: both ends count.
  EXPECT_EQ(facts->not_after, now_ + absl::Hours(90 * 24) - absl::Seconds(1));
}

TEST_F(BuildCertificateTest, DiesWithItsIssuer) {
  issuer_.not_after = now_ + absl::Seconds(1);
  const auto facts = BuildDns("example.com");
  ASSERT_THAT(facts, IsOk());
  EXPECT_EQ(facts->not_after, issuer_.not_after);
  issuer_.not_after = now_;
  EXPECT_THAT(BuildDns("example.com"),
              StatusIs(absl::StatusCode::kFailedPrecondition, "expired"));
}

TEST_F(BuildCertificateTest, DropsDuplicateNames) {
  const auto facts = Build({{AltNameKind::kDns, "a.example.com"},
                            {AltNameKind::kDns, "A.example.com"},
                            {AltNameKind::kUri, "x://a.example.com"},
                            {AltNameKind::kDns, "a.example.com"}},
                           {});
  ASSERT_THAT(facts, IsOk());
  EXPECT_EQ(facts->extensions.alt_names.size(), 2u);
}

TEST_F(BuildCertificateTest, DropsACommonNameThatIsNoneOfTheNames) {
  const std::vector<AltName> names = {
      {AltNameKind::kDns, "a.example.com"},
      {AltNameKind::kIp, *base::FromHex("c0000201")}};
  const auto subject = [&](const std::vector<Attribute>& asked) {
    const auto facts = Build(names, asked);
    EXPECT_THAT(facts, IsOk());
    return x509::NameText(
        *x509::ParseName(base::AsBytes(facts.value().subject)));
  };
  EXPECT_EQ(subject({{"CN", "A.Example.com"}}), "CN=a.example.com");
  EXPECT_EQ(subject({{"CN", "192.0.2.1"}}), "CN=192.0.2.1");
  EXPECT_EQ(subject({{"CN", "b.example.com"}, {"O", "X"}}), "O=X");
  EXPECT_EQ(subject({{"CN", "a.example.com"}, {"CN", "192.0.2.1"}}),
            "CN=a.example.com");
  EXPECT_EQ(subject({{"OU", "not allowed"}, {"O", "X"}}), "O=X");
}

TEST_F(BuildCertificateTest, WithoutASubjectTheNamesAreCritical) {
  const auto facts = Build({{AltNameKind::kDns, "a.example.com"}},
                           {{"CN", "elsewhere.example.com"}});
  ASSERT_THAT(facts, IsOk());
  EXPECT_EQ(facts->subject, std::string("\x30\x00", 2));
  EXPECT_TRUE(facts->extensions.alt_names_critical);
}

TEST_F(BuildCertificateTest, RefusesNamesThatTheProfileDoesNotAllow) {
  EXPECT_THAT(BuildDns("example.com"), IsOk());
  EXPECT_THAT(BuildDns("*.a.example.com"), IsOk());
  for (const char* name :
       {"example.org", "notexample.com", "example.com.evil.org", "com",
        "*.org.example", "a_b.example.com"}) {
    EXPECT_THAT(BuildDns(name), StatusIs(kInvalid, name)) << name;
  }
  profile_.allow_wildcard = false;
  EXPECT_THAT(BuildDns("*.example.com"), StatusIs(kInvalid, "wildcard"));
  profile_.alt_name_kinds = {AltNameKind::kIp};
  EXPECT_THAT(BuildDns("example.com"),
              StatusIs(kInvalid, "DNS:example.com\": profile \"server\""));
  EXPECT_THAT(Build({{AltNameKind::kUri, "x://y"}}, {}),
              StatusIs(kInvalid, "URI:x://y"));
}

TEST_F(BuildCertificateTest, RefusesMalformedNamesOfEachKind) {
  EXPECT_THAT(Build({{AltNameKind::kEmail, "nobody"}}, {}),
              StatusIs(kInvalid, "email name \"nobody\""));
  EXPECT_THAT(Build({{AltNameKind::kUri, "http:///x"}}, {}),
              StatusIs(kInvalid, "URI name \"http:///x\""));
  EXPECT_THAT(Build({{AltNameKind::kDns, "192.0.2.1"}}, {}),
              StatusIs(kInvalid, "DNS name \"192.0.2.1\""));
}

TEST_F(BuildCertificateTest, RefusesNoNamesAndTooMany) {
  EXPECT_THAT(Build({}, {{"CN", "a.example.com"}}),
              StatusIs(kInvalid, "no subject alternative name"));
  std::vector<AltName> names;
  for (int i = 0; i <= 100; ++i) {
    names.push_back({AltNameKind::kDns, absl::StrCat("a", i, ".example.com")});
  }
  EXPECT_THAT(Build(names, {}), StatusIs(kInvalid, "101 names"));
}

TEST_F(BuildCertificateTest, RefusesSubjectsOutOfBounds) {
  EXPECT_THAT(Build({{AltNameKind::kDns, "a.example.com"}},
                    {{"O", std::string(65, 'x')}}),
              StatusIs(kInvalid, "O"));
}

TEST_F(BuildCertificateTest, RefusesKeysThatTheProfileDoesNotAllow) {
  profile_.key_types = {KeyType::kRsa, KeyType::kEd25519};
  EXPECT_THAT(BuildDns("example.com"),
              StatusIs(kInvalid, "EC P-256\": profile \"server\""));
}

TEST_F(BuildCertificateTest, KeysThatAreNotRsaDoNotEncipher) {
  const auto facts = BuildDns("example.com");
  ASSERT_THAT(facts, IsOk());
  EXPECT_EQ(facts->extensions.key_usage, x509::kDigitalSignature);
  profile_.key_usage = x509::kKeyEncipherment;
  EXPECT_EQ(BuildDns("example.com")->extensions.key_usage, std::nullopt);
}

}  // namespace
}  // namespace chancery::policy
