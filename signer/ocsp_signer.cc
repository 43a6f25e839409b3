#include "signer/ocsp_signer.h"

#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/status_macros.h"
#include "block/template.h"
#include "signer/ocsp_rehearsal.h"

namespace chancery::signer {

absl::Status CheckDelegate(const x509::Certificate& delegate,
                           const x509::Certificate& ca) {
  RETURN_IF_ERROR(x509::CheckIssuedBy(delegate, ca));
  const x509::Extensions& extensions = delegate.facts().extensions;
  if (extensions.extended_key_usage ==
          std::vector<std::string>{x509::kOcspSigning} &&
      extensions.ocsp_no_check) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      "an OCSP signer's certificate has OCSPSigning as its only extended key "
      "usage, and ocsp-nocheck");
}

absl::StatusOr<Issuer> WithOcspSigner(
    Issuer issuer, std::shared_ptr<const crypto::SigningKey> key,
    const x509::Certificate& ca, const x509::Certificate* delegate) {
  std::vector<std::string> embedded;
  if (delegate != nullptr) embedded.push_back(delegate->der());
  const x509::Certificate& signer = delegate != nullptr ? *delegate : ca;
  issuer.ocsp_key = std::move(key);
  issuer.ocsp_signer_not_after = signer.facts().not_after;
  issuer.templates.clear();
  for (const block::CertIdForm form : issuer.ocsp_forms) {
    ASSIGN_OR_RETURN(block::OcspTemplate shape,
                     block::OcspTemplate::Create(
                         form, base::AsBytes(issuer.subject), ca.public_key(),
                         issuer.ocsp_key->public_key(),
                         issuer.ocsp_key->algorithm(), embedded));
    issuer.templates.push_back(
        std::make_shared<const block::OcspTemplate>(std::move(shape)));
  }
  RETURN_IF_ERROR(RehearseOcsp(issuer, ca, signer));
  return issuer;
}

}  // namespace chancery::signer
