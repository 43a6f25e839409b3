#include "x509/certificate/certificate.h"

#include <memory>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "base/testing/status_matchers.h"
#include "crypto/software_key.h"
#include "crypto/testing/command.h"
#include "der/oid.h"
#include "der/reader.h"
#include "der/writer.h"
#include "gtest/gtest.h"
#include "x509/certificate/pem.h"
#include "x509/testing/openssl_ca.h"

namespace chancery::x509 {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using crypto::testing::Shell;
using crypto::testing::Succeeds;
using crypto::testing::TempPath;
using crypto::testing::WriteTemp;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

absl::Time At(absl::string_view text) {
  return *der::ParseGeneralizedTime(base::AsBytes(text));
}

Certificate Parsed(const std::string& der) {
  auto parsed = Certificate::Parse(base::AsBytes(der));
  EXPECT_THAT(parsed, IsOk());
  return *std::move(parsed);
}

std::string DerOfFile(const std::string& pem_path) {
  return Shell("openssl x509 -outform DER -in " + pem_path);
}

CertificateFacts CaFacts(const std::string& name,
                         const crypto::PublicKey& key) {
  CertificateFacts facts;
  facts.serial = "\x01";
  facts.subject = *EncodeName({{"O", "Test"}, {"CN", name}});
  facts.issuer = facts.subject;
  facts.not_before = At("20240101000000Z");
  facts.not_after = At("20991231235959Z");
  facts.public_key = base::ToString(key.spki());
  facts.extensions.is_ca = true;
  facts.extensions.key_usage = kKeyCertSign | kCrlSign;
  facts.extensions.subject_key_identifier = base::ToString(key.KeyHashSha1());
  facts.extensions.authority_key_identifier =
      facts.extensions.subject_key_identifier;
  return facts;
}

CertificateFacts LeafFacts(const CertificateFacts& ca,
                           const crypto::PublicKey& key) {
  CertificateFacts facts;
  facts.serial = *base::FromHex("01fedcba98765432100123456789abcdef");
  facts.issuer = ca.subject;
  facts.subject = *EncodeName({{"CN", "a.example"}});
  facts.not_before = At("20260101000000Z");
  facts.not_after = At("20491231235959Z");
  facts.public_key = base::ToString(key.spki());
  Extensions& e = facts.extensions;
  e.is_ca = false;
  e.key_usage = kDigitalSignature;
  e.extended_key_usage = {kServerAuth, kClientAuth};
  e.alt_names = {{AltNameKind::kDns, "a.example"},
                 {AltNameKind::kIp, *base::FromHex("c0000201")}};
  e.subject_key_identifier = base::ToString(key.KeyHashSha1());
  e.authority_key_identifier = ca.extensions.subject_key_identifier;
  e.crl_urls = {"http://crl.example/ca.crl"};
  e.ocsp_urls = {"http://ocsp.example"};
  e.ca_issuers_urls = {"http://ca.example/ca.cer"};
  return facts;
}

// The parameter is the key, as `openssl genpkey` takes it.
class CertificateTest : public ::testing::TestWithParam<const char*> {};

TEST_P(CertificateTest, OpenSslVerifiesAndReadsOurs) {
  const testing::OpenSslCa keys("keys", GetParam());
  const crypto::SoftwareKey& key = keys.key();
  const CertificateFacts ca = CaFacts("Ours", key.public_key());
  const auto ca_der = SignCertificate(ca, key);
  ASSERT_THAT(ca_der, IsOk());
  const auto leaf_der = SignCertificate(LeafFacts(ca, key.public_key()), key);
  ASSERT_THAT(leaf_der, IsOk());
  const std::string ca_path =
      WriteTemp("ca.pem", EncodePem("CERTIFICATE", base::AsBytes(*ca_der)));
  const std::string path =
      WriteTemp("leaf.pem", EncodePem("CERTIFICATE", base::AsBytes(*leaf_der)));
  EXPECT_TRUE(
      Succeeds("openssl verify -x509_strict -purpose sslserver "
               "-verify_hostname a.example -verify_ip 192.0.2.1 "
               "-CAfile " +
               ca_path + " " + path));
  EXPECT_EQ(DerOfFile(path), *leaf_der);
  EXPECT_EQ(
      Shell("openssl x509 -noout -serial -startdate -enddate -in " + path),
      "serial=01FEDCBA98765432100123456789ABCDEF\n"
      "notBefore=Jan  1 00:00:00 2026 GMT\n"
      "notAfter=Dec 31 23:59:59 2049 GMT\n");
  const std::string text =
      Shell("openssl x509 -noout -in " + path +
            " -ext basicConstraints,keyUsage,extendedKeyUsage,subjectAltName,"
            "crlDistributionPoints,authorityInfoAccess | tr -s ' \\n' ' '");
  EXPECT_EQ(text,
            "X509v3 Basic Constraints: CA:FALSE "
            "X509v3 Key Usage: critical Digital Signature "
            "X509v3 Extended Key Usage: TLS Web Server Authentication, "
            "TLS Web Client Authentication "
            "Authority Information Access: OCSP - URI:http://ocsp.example "
            "CA Issuers - URI:http://ca.example/ca.cer "
            "X509v3 Subject Alternative Name: DNS:a.example, IP "
            "Address:192.0.2.1 "
            "X509v3 CRL Distribution Points: Full Name: "
            "URI:http://crl.example/ca.crl ");
  EXPECT_THAT(CheckIssuedBy(Parsed(*leaf_der), Parsed(*ca_der)), IsOk());
}

TEST_P(CertificateTest, ReadingAndWritingAgainGivesOpenSslsBytes) {
  const testing::OpenSslCa ca("ca", GetParam());
  ca.MakeDelegate(
      "basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\n"
      "extendedKeyUsage=OCSPSigning\nsubjectKeyIdentifier=hash\n"
      "authorityKeyIdentifier=keyid\n"
      "authorityInfoAccess=OCSP;URI:http://o.example,"
      "caIssuers;URI:http://i.example\n"
      "subjectAltName=DNS:a.example,email:a@example.com\n"
      "crlDistributionPoints=URI:http://1.example,URI:http://2.example\n"
      "noCheck=ignored");
  const Certificate issuer = Parsed(DerOfFile(ca.Path("pem")));
  const Certificate delegate = Parsed(DerOfFile(ca.Path("delegate.pem")));
  EXPECT_EQ(EncodeTbs(delegate.facts(), delegate.algorithm()), delegate.tbs());
  EXPECT_TRUE(delegate.facts().extensions.ocsp_no_check);
  EXPECT_EQ(delegate.facts().serial, "\x63");
  EXPECT_THAT(CheckIssuedBy(delegate, issuer), IsOk());
}

TEST_P(CertificateTest, NoByteCanBeChangedUnnoticed) {
  const testing::OpenSslCa ca("ca", GetParam());
  const std::string der = DerOfFile(ca.Path("pem"));
  for (size_t i = 0; i < der.size(); ++i) {
    std::string changed = der;
    changed[i] = static_cast<char>(changed[i] ^ 0x01);
    const auto parsed = Certificate::Parse(base::AsBytes(changed));
    EXPECT_FALSE(parsed.ok() &&
                 parsed->VerifySignedBy(ca.key().public_key()).ok())
        << "byte " << i;
    const std::string part = der.substr(0, i);
    EXPECT_FALSE(Certificate::Parse(base::AsBytes(part)).ok()) << i;
  }
  const std::string longer = der + '\0';
  EXPECT_THAT(Certificate::Parse(base::AsBytes(longer)),
              StatusIs(kInvalid, "structure"));
}

INSTANTIATE_TEST_SUITE_P(
    Keys, CertificateTest,
    ::testing::Values("-algorithm EC -pkeyopt ec_paramgen_curve:P-256",
                      "-algorithm EC -pkeyopt ec_paramgen_curve:P-384",
                      "-algorithm RSA -pkeyopt rsa_keygen_bits:2048",
                      "-algorithm ED25519"));

// Facts are changed, or the TBS is patched, and signed by the right key.
class CertificateRulesTest : public ::testing::Test {
 protected:
  std::string Sign(const std::string& tbs, absl::string_view algorithm) {
    const std::string signature = *key_->Sign(base::AsBytes(tbs));
    der::Writer out;
    out.AddSequence([&](der::Writer& certificate) {
      certificate.AddElement(tbs);
      certificate.AddElement(algorithm);
      certificate.AddBitString(base::AsBytes(signature));
    });
    return out.Take();
  }
  std::string Sign(const std::string& tbs) {
    return Sign(tbs,
                base::AsText(crypto::AlgorithmIdentifier(key_->algorithm())));
  }
  std::string Tbs() { return EncodeTbs(facts_, key_->algorithm()); }

  // Replaces once; both are hexadecimal and of one length.
  static std::string Patched(const std::string& tbs, absl::string_view from,
                             absl::string_view to) {
    std::string out = tbs;
    const std::string old = *base::FromHex(from);
    const size_t at = out.find(old);
    EXPECT_NE(at, std::string::npos) << from;
    return out.replace(at, old.size(), *base::FromHex(to));
  }

  absl::Status StatusOf(const std::string& der) {
    return Certificate::Parse(base::AsBytes(der)).status();
  }

  // `facts_` with this list of extensions: whole elements.
  std::string WithExtensions(const std::vector<std::string>& extensions) {
    der::Writer list;
    list.AddNested(der::Explicit(3), [&](der::Writer& tagged) {
      tagged.AddSequence([&](der::Writer& out) {
        for (const std::string& one : extensions) out.AddElement(one);
      });
    });
    const std::string tbs = Tbs();
    der::Reader in(base::AsBytes(tbs)), fields;
    EXPECT_TRUE(in.ReadSequence(fields));
    der::Writer out;
    out.AddSequence([&](der::Writer& w) {
      for (der::Tag tag; !fields.AtEnd();) {
        base::Bytes element;
        EXPECT_TRUE(fields.ReadAnyElement(tag, element));
        if (tag != der::Explicit(3)) w.AddElement(element);
      }
      w.AddElement(list.Take());
    });
    return Sign(out.Take());
  }

  static std::string Extension(const std::string& oid, const std::string& hex,
                               bool critical = false) {
    const std::string value = *base::FromHex(hex);
    der::Writer out;
    out.AddSequence([&](der::Writer& w) {
      w.AddOid(*der::OidFromText(oid));
      if (critical) w.AddBool(true);
      w.AddOctetString(base::AsBytes(value));
    });
    return out.Take();
  }

  const std::unique_ptr<crypto::SoftwareKey> key_ =
      *crypto::GenerateKey({crypto::KeyType::kEcP256});
  CertificateFacts facts_ = CaFacts("CA", key_->public_key());
};

TEST_F(CertificateRulesTest, IsTheSameWhateverKeyItIsReadFor) {
  const auto other = *crypto::GenerateKey({crypto::KeyType::kEcP256});
  const std::string der = Sign(Tbs());
  const std::string cut = der.substr(0, der.size() - 1);
  for (const auto* key : {&key_->public_key(), &other->public_key()}) {
    const auto parsed = Certificate::ParseFor(*key, base::AsBytes(der));
    ASSERT_THAT(parsed, IsOk());
    EXPECT_EQ(parsed->public_key(), key_->public_key());
    EXPECT_EQ(parsed->der(), der);
    EXPECT_THAT(parsed->VerifySignedBy(key_->public_key()), IsOk());
    EXPECT_THAT(Certificate::ParseFor(*key, base::AsBytes(cut)).status(),
                StatusIs(kInvalid, "malformed"));
  }
}

TEST_F(CertificateRulesTest, TheVersionIsThree) {
  EXPECT_THAT(StatusOf(Sign(Patched(Tbs(), "a003020102", "a003020101"))),
              StatusIs(kInvalid, "not v3"));
  EXPECT_THAT(
      StatusOf(Sign(Patched(Tbs(), "a003020102020101", "a006020102020101"))),
      StatusIs(kInvalid, "not v3"));
}

TEST_F(CertificateRulesTest, TheSerialIsPositiveAndAtMost20Octets) {
  EXPECT_THAT(StatusOf(Sign(Patched(Tbs(), "020101", "020100"))),
              StatusIs(kInvalid, "serialNumber"));
  EXPECT_THAT(StatusOf(Sign(Patched(Tbs(), "020101", "0201ff"))),
              StatusIs(kInvalid, "serialNumber"));
  facts_.serial = std::string(20, '\x7f');
  EXPECT_THAT(StatusOf(Sign(Tbs())), IsOk());
  facts_.serial = std::string(21, '\x7f');
  EXPECT_THAT(StatusOf(Sign(Tbs())), StatusIs(kInvalid, "serialNumber"));
}

TEST_F(CertificateRulesTest, BothSignatureAlgorithmsAgree) {
  EXPECT_THAT(
      StatusOf(Sign(Tbs(), base::AsText(crypto::AlgorithmIdentifier(
                               crypto::SignatureAlgorithm::kEcdsaSha384)))),
      StatusIs(kInvalid, "signatureAlgorithm"));
}

TEST_F(CertificateRulesTest, ExtensionsAreNotRepeatedAndWellFormed) {
  const std::string nocheck = Extension("1.3.6.1.5.5.7.48.1.5", "0500");
  EXPECT_THAT(StatusOf(WithExtensions({nocheck})), IsOk());
  EXPECT_THAT(StatusOf(WithExtensions({nocheck, nocheck})),
              StatusIs(kInvalid, "twice"));
  EXPECT_THAT(StatusOf(WithExtensions({})), StatusIs(kInvalid, "extensions"));
  const struct {
    const char* oid;
    const char* hex;
  } malformed[] = {
      {"1.3.6.1.5.5.7.48.1.5", ""},
      {"1.3.6.1.5.5.7.48.1.5", "050000"},
      {"2.5.29.14", "0500"},
      {"2.5.29.15", "03020780ff"},
      {"2.5.29.15", "0302017f"},
      {"2.5.29.17", "30028200"},
      {"2.5.29.19", "3003010100"},  // DEFAULT FALSE, encoded.
      {"2.5.29.19", "3003020100"},  // A path length without cA.
      {"2.5.29.19", "30060101ff0201ff"},
      {"2.5.29.19", "30030101ff00"},
      {"2.5.29.31", "0500"},
      {"2.5.29.35", "0500"},
      {"2.5.29.37", "3000"},
      {"1.3.6.1.5.5.7.1.1", "3002060100"},
  };
  for (const auto& c : malformed) {
    EXPECT_EQ(StatusOf(WithExtensions({Extension(c.oid, c.hex)})).code(),
              kInvalid)
        << c.oid << " " << c.hex;
  }
}

TEST_F(CertificateRulesTest, TellsOfUnknownCriticalExtensions) {
  EXPECT_EQ(
      Parsed(WithExtensions({Extension("1.2.3.4", "0500")})).unknown_critical(),
      "");
  EXPECT_EQ(Parsed(WithExtensions({Extension("1.2.3.4", "0500", true)}))
                .unknown_critical(),
            "1.2.3.4");
}

TEST_F(CertificateRulesTest, TimesAreWrittenAsRfc5280Says) {
  facts_.not_before = At("20491231235959Z");
  facts_.not_after = At("20500101000000Z");
  const Certificate certificate = Parsed(Sign(Tbs()));
  EXPECT_EQ(certificate.facts().not_before, facts_.not_before);
  EXPECT_EQ(certificate.facts().not_after, facts_.not_after);
  EXPECT_NE(certificate.tbs().find("\x17\x0d"
                                   "491231235959Z\x18\x0f"
                                   "20500101000000Z"),
            std::string::npos);
}

TEST_F(CertificateRulesTest, TheIssuerIdIsTheHashOfNameAndKey) {
  const Certificate certificate = Parsed(Sign(Tbs()));
  const std::string path = WriteTemp("id", facts_.subject + facts_.public_key);
  EXPECT_EQ(base::Hex(certificate.IssuerId()) + "  -\n",
            Shell("sha256sum < " + path));
}

TEST_F(CertificateRulesTest, AnIssuerIsTheRightCaWithTheRightKey) {
  const Certificate ca = Parsed(Sign(Tbs()));
  const CertificateFacts leaf = LeafFacts(facts_, key_->public_key());
  const auto check = [&](const CertificateFacts& child,
                         const Certificate& issuer) {
    return CheckIssuedBy(Parsed(*SignCertificate(child, *key_)), issuer);
  };
  const auto issuer = [&](const CertificateFacts& facts) {
    return Parsed(*SignCertificate(facts, *key_));
  };
  EXPECT_THAT(check(leaf, ca), IsOk());

  CertificateFacts changed = leaf;
  changed.issuer = *EncodeName({{"O", "Test"}, {"CN", "ca"}});
  EXPECT_THAT(check(changed, ca), StatusIs(kInvalid, "CA's subject"));
  changed = leaf;
  changed.extensions.authority_key_identifier = "another";
  EXPECT_THAT(check(changed, ca), StatusIs(kInvalid, "another key"));

  changed = facts_;
  changed.extensions.is_ca = false;
  EXPECT_THAT(check(leaf, issuer(changed)), StatusIs(kInvalid, "not a CA"));
  changed = facts_;
  changed.extensions.key_usage = kCrlSign;
  EXPECT_THAT(check(leaf, issuer(changed)), StatusIs(kInvalid, "not a CA"));

  changed = facts_;
  changed.extensions.path_length = 0;
  EXPECT_THAT(check(leaf, issuer(changed)), IsOk());
  EXPECT_THAT(check(facts_, issuer(changed)),
              StatusIs(kInvalid, "path length"));
  changed.extensions.path_length = 1;
  EXPECT_THAT(check(facts_, issuer(changed)), IsOk());

  const auto other = *crypto::GenerateKey({crypto::KeyType::kEcP256});
  EXPECT_THAT(CheckIssuedBy(Parsed(*SignCertificate(leaf, *other)), ca),
              StatusIs(kInvalid, "signature"));
}

}  // namespace
}  // namespace chancery::x509
