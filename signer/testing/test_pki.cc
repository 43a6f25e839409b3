#include "signer/testing/test_pki.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/file.h"
#include "crypto/signature_algorithm.h"
#include "crypto/testing/command.h"
#include "crypto/testing/repeatable_key.h"
#include "der/oid.h"
#include "der/tag.h"
#include "der/writer.h"
#include "signer/lint_settings.h"
#include "x509/certificate/certificate.h"
#include "x509/certificate/names.h"

namespace chancery::signer::testing {
namespace {

std::shared_ptr<const crypto::SoftwareKey> AnyKey() {
  return std::shared_ptr<const crypto::SoftwareKey>(
      *crypto::GenerateKey({.type = crypto::KeyType::kEcP256}));
}

x509::CertificateFacts Facts(const std::string& subject,
                             const crypto::PublicKey& subject_key,
                             const std::string& issuer,
                             const crypto::PublicKey& issuer_key,
                             absl::Time not_before, absl::Time not_after) {
  x509::CertificateFacts facts;
  facts.serial = "\x01" + std::string(15, 's') +
                 static_cast<char>(subject_key.KeyHashSha1()[0]);
  facts.issuer = issuer;
  facts.subject = subject;
  facts.not_before = not_before;
  facts.not_after = not_after;
  facts.public_key = base::ToString(subject_key.spki());
  facts.extensions.authority_key_identifier =
      base::ToString(issuer_key.KeyHashSha1());
  return facts;
}

void MakeCa(const crypto::PublicKey& key, x509::CertificateFacts& facts) {
  facts.extensions.is_ca = true;
  facts.extensions.key_usage = x509::kKeyCertSign | x509::kCrlSign;
  facts.extensions.subject_key_identifier = base::ToString(key.KeyHashSha1());
}

policy::Profile ServerProfile(absl::Duration validity) {
  policy::Profile profile;
  profile.name = "server";
  profile.validity = validity;
  profile.backdate = absl::Minutes(5);
  profile.key_usage = x509::kDigitalSignature;
  profile.extended_key_usage = {x509::kServerAuth};
  profile.key_types = {crypto::KeyType::kEcP256, crypto::KeyType::kEcP384,
                       crypto::KeyType::kRsa};
  profile.alt_name_kinds = {x509::AltNameKind::kDns, x509::AltNameKind::kIp};
  profile.subject_attributes = {"CN"};
  profile.lints = DefaultCertificateLints();
  return profile;
}

}  // namespace

std::vector<block::CertIdForm> TestPki::BothForms() {
  return {block::CertIdForm::kSha1, block::CertIdForm::kSha256};
}

TestPki::Key TestPki::NewKey(const char* name) const {
  if (options_.seed.empty()) {
    auto key = AnyKey();
    return {.key = key, .signer = key};
  }
  auto key = crypto::testing::RepeatableKey::Named(
      absl::StrCat(options_.seed, "/", options_.name, "/", name));
  return {.key = key->software_key(), .signer = key};
}

TestPki::TestPki(Options options)
    : options_(std::move(options)),
      key_(NewKey("ca")),
      ocsp_key_(options_.delegated ? NewKey("ocsp") : key_),
      manifest_key_(NewKey("manifest")) {
  const absl::Time begin = options_.now - absl::Hours(1);
  const absl::Time end = begin + absl::Hours(24 * 3650);
  const std::string subject =
      *x509::EncodeName({{"O", "Test"}, {"CN", "Test CA " + options_.name}});
  const Key above_key = options_.below_a_root ? NewKey("above") : key_;
  const std::string above =
      options_.below_a_root
          ? *x509::EncodeName({{"O", "Test"}, {"CN", "Test Policy CA"}})
          : subject;
  x509::CertificateFacts ca = Facts(subject, key_.key->public_key(), above,
                                    above_key.key->public_key(), begin, end);
  MakeCa(key_.key->public_key(), ca);

  issuer_.name = options_.name;
  issuer_.certificate = *x509::SignCertificate(ca, *above_key.signer);
  issuer_.chain = {issuer_.certificate};
  if (options_.below_a_root) {
    const Key root_key = NewKey("root");
    const std::string root =
        *x509::EncodeName({{"O", "Test"}, {"CN", "Test Root"}});
    const crypto::PublicKey& root_public = root_key.key->public_key();
    const crypto::PublicKey& above_public = above_key.key->public_key();
    x509::CertificateFacts facts =
        Facts(above, above_public, root, root_public, begin, end);
    MakeCa(above_public, facts);
    issuer_.chain.push_back(*x509::SignCertificate(facts, *root_key.signer));
    facts = Facts(root, root_public, root, root_public, begin, end);
    MakeCa(root_public, facts);
    root_certificate_ = *x509::SignCertificate(facts, *root_key.signer);
  }
  const auto parsed =
      *x509::Certificate::Parse(base::AsBytes(issuer_.certificate));
  issuer_.issuer_id = base::ToString(parsed.IssuerId());
  issuer_.subject = subject;
  issuer_.subject_key_identifier = ca.extensions.subject_key_identifier;
  issuer_.not_after = end;
  issuer_.key = key_.signer;
  issuer_.rehearsal_key = NewKey("rehearsal").signer;

  std::vector<std::string> embedded;
  issuer_.ocsp_key = ocsp_key_.signer;
  issuer_.ocsp_signer_not_after = end;
  if (options_.delegated) {
    x509::CertificateFacts delegate =
        Facts(*x509::EncodeName({{"CN", "Test OCSP " + options_.name}}),
              ocsp_key_.key->public_key(), subject, key_.key->public_key(),
              begin, options_.now + options_.delegate_lifetime);
    delegate.extensions.key_usage = x509::kDigitalSignature;
    delegate.extensions.extended_key_usage = {x509::kOcspSigning};
    delegate.extensions.ocsp_no_check = true;
    embedded.push_back(*x509::SignCertificate(delegate, *key_.signer));
    issuer_.ocsp_signer_not_after = delegate.not_after;
  }
  issuer_.ocsp_forms = options_.forms;
  for (const block::CertIdForm form : options_.forms) {
    issuer_.templates.push_back(std::make_shared<const block::OcspTemplate>(
        *block::OcspTemplate::Create(form, base::AsBytes(subject),
                                     key_.key->public_key(),
                                     ocsp_key_.key->public_key(),
                                     ocsp_key_.signer->algorithm(), embedded)));
  }
  issuer_.ocsp_validity = options_.ocsp_validity;
  issuer_.crl_validity = options_.crl_validity;
  issuer_.ocsp_url = "http://ocsp.example.com";
  issuer_.crl_url = "http://crl.example.com/crl/" + options_.name +
                    (options_.crl_shards > 1 ? "/{shard}.crl" : ".crl");
  issuer_.crl_shards = options_.crl_shards;
  issuer_.delta_crl_interval = options_.delta_crl_interval;
  issuer_.policy = options_.policy;
  issuer_.lints = DefaultIssuerLints(options_.policy == RevocationPolicy::kBr);
  issuer_.profiles["server"] = ServerProfile(options_.leaf_validity);
  issuer_.block_capacity = options_.block_capacity;
}

block::KeySet TestPki::KeySet() const {
  block::KeySet set;
  block::IssuerId id{};
  std::copy(issuer_.issuer_id.begin(), issuer_.issuer_id.end(), id.begin());
  set.keys.push_back(
      {.spki = base::ToString(manifest_key_.key->public_key().spki()),
       .not_before = options_.now - absl::Hours(1),
       .not_after = options_.now + absl::Hours(24 * 3650),
       .issuers = {id}});
  set.issuers.push_back(
      {.name = options_.name, .certificate = issuer_.certificate});
  return set;
}

std::string OpenSslCsr(const std::string& name, const std::string& key,
                       const std::string& more_arguments) {
  const std::string path = crypto::testing::TempPath("test.csr");
  crypto::testing::Shell("openssl req -new -newkey " + key +
                         " -nodes -keyout /dev/null -outform DER -out " + path +
                         " -subj /CN=" + name + " -addext subjectAltName=DNS:" +
                         name + " " + more_arguments + " 2>&1");
  return *base::ReadFile(path);
}

std::string QuickCsr(const std::string& name) {
  return QuickCsr(name, *AnyKey());
}

std::string QuickCsr(const std::string& name, const crypto::SigningKey& key) {
  der::Writer info, out;
  info.AddSequence([&](der::Writer& w) {
    w.AddInteger(0);
    w.AddElement(*x509::EncodeName({{"CN", name}}));
    w.AddElement(key.public_key().spki());
    w.AddNested(der::ImplicitConstructed(0), [&](der::Writer& attributes) {
      attributes.AddSequence([&](der::Writer& attribute) {
        attribute.AddOid(*der::OidFromText("1.2.840.113549.1.9.14"));
        attribute.AddNested(der::Tag::kSet, [&](der::Writer& set) {
          set.AddSequence([&](der::Writer& extensions) {
            extensions.AddSequence([&](der::Writer& extension) {
              extension.AddOid(*der::OidFromText("2.5.29.17"));
              extension.AddOctetStringOf([&](der::Writer& value) {
                value.AddElement(x509::EncodeAltNames(
                    {{.kind = x509::AltNameKind::kDns, .value = name}}));
              });
            });
          });
        });
      });
    });
  });
  const std::string signed_part = info.Take();
  const std::string signature = *key.Sign(base::AsBytes(signed_part));
  out.AddSequence([&](der::Writer& w) {
    w.AddElement(signed_part);
    w.AddElement(crypto::AlgorithmIdentifier(key.algorithm()));
    w.AddBitString(base::AsBytes(signature));
  });
  return out.Take();
}

}  // namespace chancery::signer::testing
