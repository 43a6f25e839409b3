#include "responder/cache/template_signers.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "x509/certificate/certificate.h"

namespace chancery::responder {
namespace {

absl::StatusOr<crypto::PublicKey> Find(const block::OcspTemplate& one,
                                       const PinnedIssuer& issuer) {
  const auto refuse = [&](absl::string_view why) {
    return absl::PermissionDeniedError(
        absl::StrCat("template ", base::Hex(one.id()), ": ", why));
  };
  using block::CertIdForm;
  if (!base::Equal(one.name_hash(CertIdForm::kSha1), issuer.name_sha1) ||
      !base::Equal(one.key_hash(CertIdForm::kSha1), issuer.key_sha1) ||
      !base::Equal(one.name_hash(CertIdForm::kSha256), issuer.name_sha256) ||
      !base::Equal(one.key_hash(CertIdForm::kSha256), issuer.key_sha256)) {
    return refuse(absl::StrCat("not about issuer \"", issuer.name, "\""));
  }
  const crypto::PublicKey& issuer_key = issuer.certificate.public_key();
  if (one.certificates().empty()) {
    if (!base::Equal(one.responder_key_hash(), issuer.key_sha1)) {
      return refuse("signed by another key without a delegate's certificate");
    }
    return issuer_key;
  }
  auto delegate =
      x509::Certificate::Parse(base::AsBytes(one.certificates().front()));
  if (!delegate.ok()) return refuse(delegate.status().message());
  const std::vector<std::string>& usages =
      delegate->facts().extensions.extended_key_usage;
  if (delegate->facts().issuer != issuer.certificate.facts().subject ||
      !delegate->VerifySignedBy(issuer_key).ok()) {
    return refuse("its delegate's certificate is not from the issuer");
  }
  if (std::find(usages.begin(), usages.end(), x509::kOcspSigning) ==
      usages.end()) {
    return refuse("its delegate's certificate is not for OCSP signing");
  }
  if (!base::Equal(one.responder_key_hash(),
                   delegate->public_key().KeyHashSha1())) {
    return refuse("its responder is not the delegate");
  }
  return delegate->public_key();
}

}  // namespace

absl::StatusOr<crypto::PublicKey> TemplateSigners::Of(
    const block::OcspTemplate& one, const PinnedIssuer& issuer) const {
  const Key key(one.id(), issuer.id);
  {
    base::MutexLock lock(mu_);
    const auto found = known_.find(key);
    if (found != known_.end()) return found->second;
  }
  ASSIGN_OR_RETURN(crypto::PublicKey signer, Find(one, issuer));
  base::MutexLock lock(mu_);
  if (known_.size() >= kMost) known_.clear();
  known_.emplace(key, signer);
  return signer;
}

}  // namespace chancery::responder
