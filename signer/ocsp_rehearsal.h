#ifndef CHANCERY_SIGNER_OCSP_REHEARSAL_H_
#define CHANCERY_SIGNER_OCSP_REHEARSAL_H_

#include "absl/status/status.h"
#include "signer/issuer.h"
#include "x509/certificate/certificate.h"

namespace chancery::signer {

// Lints one good and one revoked response of each of the issuer's templates
// (TRUST 2.5), also with those that its configuration names, made as all
// others are; what is left for each record is its values. `ocsp_signer` is `ca`
// itself, or its delegate.
//
// The responses are signed with the key that will sign the others, so that the
// signature is linted too. They never leave this function, are about a serial
// longer than any that is issued, and ended a second after the signer's
// certificate began.
// InternalError names the lint that fails; others as SigningKey::Sign.
absl::Status RehearseOcsp(const Issuer& issuer, const x509::Certificate& ca,
                          const x509::Certificate& ocsp_signer);

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_OCSP_REHEARSAL_H_
