// Which public keys are strong enough to certify.
#ifndef CHANCERY_POLICY_KEY_RULES_H_
#define CHANCERY_POLICY_KEY_RULES_H_

#include "absl/status/status.h"
#include "crypto/public_key.h"

namespace chancery::policy {

// OK for P-256, P-384, Ed25519, and RSA of 2048 to 4096 bits, a multiple of 8,
// with an odd exponent of at least 65537 that fits 64 bits (NIST SP 800-89,
// Baseline Requirements section 6.1.6). InvalidArgument names the value and the
// rule.
absl::Status CheckKey(const crypto::PublicKey& key);

}  // namespace chancery::policy

#endif  // CHANCERY_POLICY_KEY_RULES_H_
