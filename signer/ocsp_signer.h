#ifndef CHANCERY_SIGNER_OCSP_SIGNER_H_
#define CHANCERY_SIGNER_OCSP_SIGNER_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/signing_key.h"
#include "signer/issuer.h"
#include "x509/certificate/certificate.h"

namespace chancery::signer {

// Whether `delegate` may sign OCSP responses for `ca` and nothing else
// (Baseline Requirements section 7.1.2.8). InvalidArgument.
absl::Status CheckDelegate(const x509::Certificate& delegate,
                           const x509::Certificate& ca);

// `issuer`, whose OCSP responses `key` signs from now on: its own, or that of
// `delegate` (null: its own). New templates were made and rehearsed.
absl::StatusOr<Issuer> WithOcspSigner(
    Issuer issuer, std::shared_ptr<const crypto::SigningKey> key,
    const x509::Certificate& ca, const x509::Certificate* delegate);

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_OCSP_SIGNER_H_
