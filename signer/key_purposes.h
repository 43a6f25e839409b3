// TRUST 2.4: each key signs only its types.
#ifndef CHANCERY_SIGNER_KEY_PURPOSES_H_
#define CHANCERY_SIGNER_KEY_PURPOSES_H_

#include <vector>

#include "absl/status/status.h"
#include "crypto/public_key.h"
#include "signer/issuer.h"

namespace chancery::signer {

// OK if no key has two purposes: the CAs' keys, those of OCSP delegates, and
// `manifest_keys`, the present one first and the next after it. A CA that signs
// its own OCSP responses, and a delegate's key that serves several CAs, have
// one. Keys that are null are passed over. InvalidArgument names both fields,
// the key's SHA-256 and the rule.
absl::Status CheckKeyPurposes(
    const std::vector<Issuer>& issuers,
    const std::vector<crypto::PublicKey>& manifest_keys);

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_KEY_PURPOSES_H_
