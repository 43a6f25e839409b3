#ifndef CHANCERY_SIGNER_DELEGATE_ISSUANCE_H_
#define CHANCERY_SIGNER_DELEGATE_ISSUANCE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/random.h"
#include "crypto/public_key.h"
#include "signer/issuer.h"
#include "signer/ledger/ledger.h"

namespace chancery::signer {

// What entries of delegates' certificates call their profile.
inline constexpr char kDelegateProfile[] = "ocsp-signer";

struct DelegateRequest {
  std::string subject;  // DER Name: country, organization, common name.
  absl::Time not_before;
  absl::Time not_after;  // Clamped to the issuer's.
};

// A certificate for a delegated OCSP signer of `issuer`, by the Baseline
// Requirements' section 7.1.2.8: OCSPSigning and ocsp-nocheck. It is in the
// ledger when this returns, and so in a block and in the scope of a CRL as any
// other certificate (TRUST 6). DER.
// InternalError names a lint that it does not pass; otherwise as
// Ledger::Execute and SigningKey::Sign.
absl::StatusOr<std::string> IssueDelegate(const Issuer& issuer,
                                          const crypto::PublicKey& key,
                                          const DelegateRequest& request,
                                          Ledger& ledger, base::Random& random);

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_DELEGATE_ISSUANCE_H_
