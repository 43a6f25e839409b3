#include "audit/signatures.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "audit/parallel.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/status_macros.h"

namespace chancery::audit {
namespace {

void CheckManifest(const SignedManifest& manifest, const PinnedKeys& keys,
                   Findings& findings) {
  const absl::Status verified = keys.CheckManifest(
      manifest.signed_message, manifest.issuer_id, manifest.produced_at);
  if (verified.ok()) return;
  findings.Add(
      Finding(Kind::kManifestNotVerified, std::string(verified.message()))
          .With("block", base::AsBytes(manifest.block_id))
          .With("version", manifest.version)
          .With("index", manifest.index));
}

absl::Status CheckCertificate(const IssuedCertificate& issued,
                              const PinnedKeys& keys) {
  const PinnedKeys::Issuer* const issuer = keys.Find(issued.issuer_id);
  if (issuer == nullptr) {
    return absl::PermissionDeniedError("its issuer is not in the key set");
  }
  ASSIGN_OR_RETURN(const x509::Certificate certificate,
                   x509::Certificate::Parse(base::AsBytes(issued.der)));
  if (certificate.facts().serial != issued.serial) {
    return absl::DataLossError(
        absl::StrCat("it has serial ",
                     base::Hex(base::AsBytes(certificate.facts().serial))));
  }
  if (certificate.facts().not_after != issued.not_after) {
    return absl::DataLossError(
        absl::StrCat("it ends at ", TimeText(certificate.facts().not_after)));
  }
  return certificate.VerifySignedBy(issuer->certificate.public_key());
}

}  // namespace

absl::StatusOr<PinnedKeys> PinnedKeys::Create(block::KeySet set) {
  PinnedKeys keys;
  for (const block::KeySet::Issuer& issuer : set.issuers) {
    ASSIGN_OR_RETURN(
        x509::Certificate certificate,
        x509::Certificate::Parse(base::AsBytes(issuer.certificate)));
    const std::string id = base::ToString(certificate.IssuerId());
    keys.issuers_.emplace(
        id, Issuer{.name = issuer.name, .certificate = std::move(certificate)});
  }
  keys.set_ = std::move(set);
  return keys;
}

const PinnedKeys::Issuer* PinnedKeys::Find(const std::string& issuer_id) const {
  const auto found = issuers_.find(issuer_id);
  return found == issuers_.end() ? nullptr : &found->second;
}

absl::Status PinnedKeys::CheckManifest(const block::Signed& signed_message,
                                       const block::IssuerId& issuer,
                                       absl::Time time) const {
  ASSIGN_OR_RETURN(const crypto::PublicKey key,
                   set_.FindManifestKey(signed_message.key_id, issuer, time));
  return block::Verify(block::kManifestType, signed_message, key);
}

void CheckSignatures(const Unverified& unverified, const PinnedKeys& keys,
                     int threads, Findings& findings) {
  ForEachInParallel(unverified.manifests.size(), threads, findings,
                    [&](size_t at, Findings& found) {
                      CheckManifest(unverified.manifests[at], keys, found);
                    });
  ForEachInParallel(
      unverified.certificates.size(), threads, findings,
      [&](size_t at, Findings& found) {
        const IssuedCertificate& issued = unverified.certificates[at];
        const absl::Status checked = CheckCertificate(issued, keys);
        if (checked.ok()) return;
        found.Add(Finding(Kind::kCertificateDiffers,
                          absl::StrCat("a certificate is not what its entry "
                                       "says: ",
                                       checked.message()))
                      .With("serial", base::AsBytes(issued.serial))
                      .With("index", issued.index));
      });
}

}  // namespace chancery::audit
