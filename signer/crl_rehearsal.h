#ifndef CHANCERY_SIGNER_CRL_REHEARSAL_H_
#define CHANCERY_SIGNER_CRL_REHEARSAL_H_

#include "absl/status/status.h"
#include "signer/issuer.h"
#include "x509/crl/crl.h"

namespace chancery::signer {

// Holds a CRL of these facts, with an entry that has a reason and one that has
// none, against the issuer's lints before its key signs: the throw-away key
// does. The entries of the real one are checked one by one as they are written
// (crl_writer.h).
// InternalError names the lint that refuses it; others as SigningKey::Sign.
absl::Status RehearseCrl(const Issuer& issuer, const x509::CrlFacts& facts);

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_CRL_REHEARSAL_H_
