#include "policy/certificate_lints.h"

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/testing/status_matchers.h"
#include "crypto/software_key.h"
#include "der/writer.h"
#include "gtest/gtest.h"

namespace chancery::policy {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using crypto::KeyType;
using x509::AltNameKind;
using x509::CertificateFacts;

// A CA and a leaf that pass, to be changed before they are signed.
struct Pair {
  Pair() {
    const crypto::PublicKey& key = Key().public_key();
    ca.serial = *base::FromHex("010203040506070809");
    ca.subject = *x509::EncodeName({{"CN", "CA"}});
    ca.issuer = ca.subject;
    ca.not_before = absl::FromUnixSeconds(1700000000);
    ca.not_after = ca.not_before + absl::Hours(24 * 365);
    ca.public_key = base::ToString(key.spki());
    ca.extensions.is_ca = true;
    ca.extensions.key_usage = x509::kKeyCertSign | x509::kCrlSign;
    ca.extensions.subject_key_identifier = "ca key";
    ca.extensions.authority_key_identifier = "ca key";

    leaf = ca;
    leaf.serial = *base::FromHex("01fedcba98765432100123456789abcdef");
    leaf.subject = *x509::EncodeName({{"O", "X"}, {"CN", "a.example"}});
    leaf.not_after = ca.not_before + absl::Hours(24);
    leaf.extensions.is_ca = false;
    leaf.extensions.key_usage = x509::kDigitalSignature;
    leaf.extensions.extended_key_usage = {x509::kServerAuth};
    leaf.extensions.alt_names = {{AltNameKind::kDns, "a.example"}};
    leaf.extensions.subject_key_identifier = "leaf key";
    leaf.extensions.crl_urls = {"http://crl.example/"};
    leaf.extensions.ocsp_urls = {"http://ocsp.example/"};
    leaf.extensions.ca_issuers_urls = {"http://ca.example/"};
  }

  static const crypto::SoftwareKey& Key() {
    static const crypto::SoftwareKey& key =
        *crypto::GenerateKey({KeyType::kEcP256})->release();
    return key;
  }

  // A CA below the CA.
  void MakeLeafACa() {
    leaf.extensions = ca.extensions;
    leaf.subject = *x509::EncodeName({{"CN", "Sub CA"}});
  }

  // Replaces the same number of octets in the leaf's TBS; hexadecimal.
  void Patch(absl::string_view from, absl::string_view to) {
    patch_from = *base::FromHex(from);
    patch_to = *base::FromHex(to);
  }

  absl::Status Lint() const {
    std::string tbs = x509::EncodeTbs(leaf, Key().algorithm());
    if (!patch_from.empty()) {
      const size_t at = tbs.find(patch_from);
      EXPECT_NE(at, std::string::npos);
      tbs.replace(at, patch_from.size(), patch_to);
    }
    der::Writer out;
    out.AddSequence([&](der::Writer& w) {
      w.AddElement(tbs);
      w.AddElement(crypto::AlgorithmIdentifier(Key().algorithm()));
      // No lint looks at the signature.
      w.AddBitString(base::AsBytes(leaf.serial));
    });
    const std::string der = out.Take();
    const std::string ca_der = *x509::SignCertificate(ca, Key());
    const auto certificate = x509::Certificate::Parse(base::AsBytes(der));
    const auto issuer = x509::Certificate::Parse(base::AsBytes(ca_der));
    EXPECT_THAT(certificate, IsOk());
    EXPECT_THAT(issuer, IsOk());
    return LintCertificate(*certificate, *issuer);
  }

  CertificateFacts ca, leaf;
  std::string patch_from, patch_to;
};

std::string PublicKeyOf(KeyType type) {
  return base::ToString(
      (*crypto::GenerateKey({type, type == KeyType::kRsa ? 2048 : 0}))
          ->public_key()
          .spki());
}

struct Case {
  const char* lint;
  std::function<void(Pair&)> break_it;
};

const std::vector<Case>& Cases() {
  static const std::vector<Case> cases = {
      {"serial_length",
       [](Pair& p) { p.leaf.serial = std::string(20, '\x80'); }},
      {"serial_entropy",
       [](Pair& p) { p.leaf.serial = std::string(8, '\x7f'); }},
      {"validity_order", [](Pair& p) { p.leaf.not_after = p.leaf.not_before; }},
      {"validity_within_issuer",
       [](Pair& p) { p.leaf.not_after = p.ca.not_after + absl::Seconds(1); }},
      {"issuer_is_ca_subject",
       [](Pair& p) {
         p.leaf.issuer = *x509::EncodeName({{"CN", "ca"}});
       }},
      {"issuer_may_sign",
       [](Pair& p) { p.ca.extensions.key_usage = x509::kCrlSign; }},
      {"issuer_may_sign", [](Pair& p) { p.ca.extensions.is_ca = false; }},
      {"path_length",
       [](Pair& p) {
         p.MakeLeafACa();
         p.ca.extensions.path_length = 0;
       }},
      {"authority_key_identifier",
       [](Pair& p) { p.leaf.extensions.authority_key_identifier = ""; }},
      {"authority_key_identifier",
       [](Pair& p) { p.leaf.extensions.authority_key_identifier = "other"; }},
      {"subject_key_identifier",
       [](Pair& p) {
         p.MakeLeafACa();
         p.leaf.extensions.subject_key_identifier = "";
       }},
      {"ca_subject",
       [](Pair& p) {
         p.MakeLeafACa();
         p.leaf.subject = *x509::EncodeName({});
       }},
      {"subject_text",  // The CN's "a.example" with a NUL.
       [](Pair& p) {
         p.Patch("0c09612e6578616d706c65", "0c0961006578616d706c65");
       }},
      {"public_key",
       [](Pair& p) {
         p.leaf.public_key = *base::FromHex(
             // P-521, from `openssl genpkey`.
             "30819b301006072a8648ce3d020106052b81040023038186000400b2cecf25"
             "eb75f2914b9fe3d5170d2de41d6518dd8a68c2bb62c9f5535c3c1cfd05fd51"
             "af43dd5daf61cf1772b042c7ebdaed7d04ecc43fe16ea26556ffb77433e800"
             "dfda8b7ab9016503fe00a8e11a52d2121a1e2ba553d72d869c2cc08df92c52"
             "c6d3030f2a2e1fb967a3e80cfad74d9256c2bde1df2300568b5312ea259198"
             "4a6c96");
       }},
      {"basic_constraints",
       [](Pair& p) {
         p.MakeLeafACa();
         p.leaf.extensions.key_usage = x509::kCrlSign;
       }},
      {"leaf_key_usage",
       [](Pair& p) { p.leaf.extensions.key_usage = x509::kKeyCertSign; }},
      {"leaf_key_usage",
       [](Pair& p) { p.leaf.extensions.key_usage = x509::kCrlSign; }},
      {"ec_key_usage",
       [](Pair& p) { p.leaf.extensions.key_usage = x509::kKeyEncipherment; }},
      {"leaf_extended_key_usage",
       [](Pair& p) { p.leaf.extensions.extended_key_usage = {}; }},
      {"no_any_extended_key_usage",
       [](Pair& p) { p.leaf.extensions.extended_key_usage = {"2.5.29.37.0"}; }},
      {"ocsp_signer_no_check",
       [](Pair& p) {
         p.leaf.extensions.extended_key_usage = {x509::kOcspSigning};
       }},
      {"ocsp_signer_no_check",
       [](Pair& p) { p.leaf.extensions.ocsp_no_check = true; }},
      {"ocsp_signer_no_check",
       [](Pair& p) {
         p.leaf.extensions.extended_key_usage = {x509::kOcspSigning,
                                                 x509::kServerAuth};
         p.leaf.extensions.ocsp_no_check = true;
       }},
      {"alt_name", [](Pair& p) { p.leaf.extensions.alt_names = {}; }},
      {"alt_name_critical",
       [](Pair& p) { p.leaf.extensions.alt_names_critical = true; }},
      {"alt_name_critical",
       [](Pair& p) { p.leaf.subject = *x509::EncodeName({}); }},
      {"alt_name_dns",
       [](Pair& p) { p.leaf.extensions.alt_names[0].value = "A.example"; }},
      {"alt_name_dns",
       [](Pair& p) { p.leaf.extensions.alt_names[0].value = "a_b.example"; }},
      {"common_name",
       [](Pair& p) {
         p.leaf.subject = *x509::EncodeName({{"CN", "b"}});
       }},
      {"crl_url_http",
       [](Pair& p) { p.leaf.extensions.crl_urls = {"https://a/"}; }},
      {"access_url_http",
       [](Pair& p) { p.leaf.extensions.ocsp_urls = {"ldap://a/"}; }},
      {"access_url_http",
       [](Pair& p) { p.leaf.extensions.ca_issuers_urls = {"https://a/"}; }},
      {"no_unknown_critical",  // keyUsage under another OID.
       [](Pair& p) { p.Patch("0603551d0f", "0603551d7f"); }},
      {"encoding",  // id-ad-ocsp under another OID.
       [](Pair& p) {
         p.Patch("06082b06010505073001", "06082b0601050507307f");
       }},
  };
  return cases;
}

TEST(CertificateLintsTest, APlainLeafPasses) {
  EXPECT_THAT(Pair().Lint(), IsOk());
}

TEST(CertificateLintsTest, OtherRightCertificatesPass) {
  Pair sub_ca;
  sub_ca.MakeLeafACa();
  EXPECT_THAT(sub_ca.Lint(), IsOk());

  Pair delegate;
  delegate.leaf.extensions.extended_key_usage = {x509::kOcspSigning};
  delegate.leaf.extensions.ocsp_no_check = true;
  delegate.leaf.extensions.alt_names = {};
  delegate.leaf.subject = *x509::EncodeName({{"CN", "OCSP"}});
  EXPECT_THAT(delegate.Lint(), IsOk());

  Pair without_subject;
  without_subject.leaf.subject = *x509::EncodeName({});
  without_subject.leaf.extensions.alt_names_critical = true;
  EXPECT_THAT(without_subject.Lint(), IsOk());

  Pair rsa;
  rsa.leaf.public_key = PublicKeyOf(KeyType::kRsa);
  rsa.leaf.extensions.key_usage =
      x509::kDigitalSignature | x509::kKeyEncipherment;
  EXPECT_THAT(rsa.Lint(), IsOk());

  Pair address;
  address.leaf.extensions.alt_names = {
      {AltNameKind::kIp, *base::FromHex("c0000201")}};
  address.leaf.subject = *x509::EncodeName({{"CN", "192.0.2.1"}});
  EXPECT_THAT(address.Lint(), IsOk());
}

TEST(CertificateLintsTest, EachLintFindsItsMistake) {
  for (const Case& c : Cases()) {
    Pair pair;
    c.break_it(pair);
    EXPECT_THAT(pair.Lint(), StatusIs(absl::StatusCode::kInternal,
                                      absl::StrCat("lint ", c.lint, " (")));
  }
}

TEST(CertificateLintsTest, EachLintHasACaseThatFails) {
  std::set<std::string> failing;
  for (const Case& c : Cases()) failing.insert(c.lint);
  for (const CertificateLint& lint : CertificateLints()) {
    EXPECT_EQ(failing.count(lint.id), 1u) << lint.id;
  }
}

}  // namespace
}  // namespace chancery::policy
