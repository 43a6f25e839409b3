#include "tests/bench/bench_ca.h"

#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "block/key_set.h"
#include "block/manifest.h"
#include "x509/certificate/certificate.h"
#include "x509/certificate/names.h"
#include "x509/certificate/pem.h"

namespace chancery::bench {
namespace {

absl::Status Write(const std::string& path, const std::string& content) {
  return base::WriteFileAtomically(path, base::AsBytes(content));
}

absl::Status WriteKey(const std::string& path, const crypto::SoftwareKey& key) {
  ASSIGN_OR_RETURN(const base::Secret pem,
                   crypto::EncodePkcs8Pem(key, nullptr));
  return base::WriteFileAtomically(path, base::AsBytes(pem.Reveal()), 0600);
}

absl::StatusOr<std::string> Certify(const std::string& subject,
                                    const crypto::PublicKey& key,
                                    const std::string& issuer,
                                    const crypto::SigningKey& issuer_key,
                                    x509::Extensions extensions) {
  x509::CertificateFacts facts;
  facts.serial = "\x01" + std::string(15, subject == issuer ? 'i' : 'd');
  facts.issuer = issuer;
  facts.subject = subject;
  facts.not_before =
      absl::FromUnixSeconds(absl::ToUnixSeconds(absl::Now())) - absl::Hours(2);
  facts.not_after = facts.not_before + absl::Hours(24 * 365);
  facts.public_key = base::ToString(key.spki());
  facts.extensions = std::move(extensions);
  return x509::SignCertificate(facts, issuer_key);
}

}  // namespace

absl::StatusOr<Ca> MakeCa(const DatasetFiles& files) {
  Ca ca;
  std::unique_ptr<crypto::SoftwareKey> root;
  for (auto* key : {&root, &ca.key, &ca.ocsp_key, &ca.manifest_key}) {
    ASSIGN_OR_RETURN(*key,
                     crypto::GenerateKey({.type = crypto::KeyType::kEcP256}));
  }
  ASSIGN_OR_RETURN(const std::string subject,
                   x509::EncodeName({{.type = "O", .value = "Bench"},
                                     {.type = "CN", .value = "Bench CA"}}));
  x509::Extensions of_ca;
  of_ca.is_ca = true;
  of_ca.subject_key_identifier =
      base::ToString(ca.key->public_key().KeyHashSha1());
  of_ca.key_usage = x509::kKeyCertSign | x509::kCrlSign;
  ASSIGN_OR_RETURN(
      const std::string certificate,
      Certify(subject, ca.key->public_key(), subject, *ca.key, of_ca));
  ASSIGN_OR_RETURN(const std::string delegate_name,
                   x509::EncodeName({{.type = "CN", .value = "Bench OCSP"}}));
  x509::Extensions of_delegate;
  of_delegate.key_usage = x509::kDigitalSignature;
  of_delegate.extended_key_usage = {x509::kOcspSigning};
  of_delegate.ocsp_no_check = true;
  ASSIGN_OR_RETURN(const std::string delegate,
                   Certify(delegate_name, ca.ocsp_key->public_key(), subject,
                           *ca.key, of_delegate));
  ASSIGN_OR_RETURN(block::OcspTemplate made,
                   block::OcspTemplate::Create(
                       block::CertIdForm::kSha1, base::AsBytes(subject),
                       ca.key->public_key(), ca.ocsp_key->public_key(),
                       ca.ocsp_key->algorithm(), {delegate}));
  ca.ocsp_template =
      std::make_shared<const block::OcspTemplate>(std::move(made));
  ASSIGN_OR_RETURN(const auto parsed,
                   x509::Certificate::Parse(base::AsBytes(certificate)));
  ca.subject = subject;
  ca.issuer_id = parsed.IssuerId();
  ca.this_update = absl::FromUnixSeconds(absl::ToUnixSeconds(absl::Now())) -
                   absl::Minutes(10);

  block::KeySet keys;
  keys.keys.push_back(
      {.spki = base::ToString(ca.manifest_key->public_key().spki()),
       .not_before = ca.this_update - absl::Hours(1),
       .not_after = ca.this_update + absl::Hours(24 * 365),
       .issuers = {ca.issuer_id}});
  keys.issuers.push_back({.name = "bench", .certificate = certificate});
  ASSIGN_OR_RETURN(const block::Signed key_set,
                   block::Sign(block::kKeySetType, keys.Encode(), *root));
  RETURN_IF_ERROR(Write(files.key_set(), key_set.Encode()));
  RETURN_IF_ERROR(Write(
      files.root(), x509::EncodePem("PUBLIC KEY", root->public_key().spki())));
  RETURN_IF_ERROR(
      Write(files.issuer(),
            x509::EncodePem("CERTIFICATE", base::AsBytes(certificate))));
  RETURN_IF_ERROR(
      Write(files.delegate(),
            x509::EncodePem("CERTIFICATE", base::AsBytes(delegate))));
  RETURN_IF_ERROR(Write(files.ocsp_template(), ca.ocsp_template->encoded()));
  RETURN_IF_ERROR(WriteKey(files.manifest_key(), *ca.manifest_key));
  RETURN_IF_ERROR(WriteKey(files.ca_key(), *ca.key));
  RETURN_IF_ERROR(WriteKey(files.ocsp_key(), *ca.ocsp_key));
  return ca;
}

}  // namespace chancery::bench
