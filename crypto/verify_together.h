// Verifies signatures by many keys at once, such as those of the requests that
// come together: ECDSA over P-256 costs a fifth less so.
#ifndef CHANCERY_CRYPTO_VERIFY_TOGETHER_H_
#define CHANCERY_CRYPTO_VERIFY_TOGETHER_H_

#include <span>
#include <vector>

#include "absl/status/status.h"
#include "base/bytes.h"
#include "crypto/public_key.h"
#include "crypto/signature_algorithm.h"

namespace chancery::crypto {

// That `key` signed `message`.
struct SignatureClaim {
  PublicKey key;
  SignatureAlgorithm algorithm;
  base::Bytes message;
  base::Bytes signature;
};

// Of each as PublicKey::Verify, which has the last word on what does not
// verify. Thread-safe.
std::vector<absl::Status> VerifyTogether(
    std::span<const SignatureClaim> claims);

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_VERIFY_TOGETHER_H_
