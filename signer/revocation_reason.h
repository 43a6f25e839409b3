#ifndef CHANCERY_SIGNER_REVOCATION_REASON_H_
#define CHANCERY_SIGNER_REVOCATION_REASON_H_

#include "absl/status/status.h"
#include "signer/issuer.h"
#include "x509/certificate/certificate.h"

namespace chancery::signer {

// Whether certificates of `issuer` may be revoked with `reason` (TRUST 2.2), be
// it by a call or by an import. InvalidArgument says which ones may be.
absl::Status CheckReason(const Issuer& issuer, int reason);

// Whether CheckReasonFor has to know the certificate, and does more than
// CheckReason.
bool DependsOnCertificate(const Issuer& issuer, int reason);

// As CheckReason, for one certificate: policy `br` wants a reason for a CA's.
absl::Status CheckReasonFor(const Issuer& issuer,
                            const x509::Certificate& certificate, int reason);

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_REVOCATION_REASON_H_
