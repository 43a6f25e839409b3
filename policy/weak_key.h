#ifndef CHANCERY_POLICY_WEAK_KEY_H_
#define CHANCERY_POLICY_WEAK_KEY_H_

#include "absl/status/status.h"
#include "crypto/public_key.h"

namespace chancery::policy {

// OK if nothing is known that gives away the private half of `key` (Baseline
// Requirements sections 4.9.1.1 and 6.1.1.3): an RSA modulus with a factor
// below 752, that is a prime itself, with primes that Fermat's method finds in
// 100 rounds, or with ROCA's fingerprint. InvalidArgument names the weakness.
// 1.5 ms for RSA of 2048 bits, 10 ms for 4096; nothing for others.
absl::Status CheckNotWeak(const crypto::PublicKey& key);

}  // namespace chancery::policy

#endif  // CHANCERY_POLICY_WEAK_KEY_H_
