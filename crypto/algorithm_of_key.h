#ifndef CHANCERY_CRYPTO_ALGORITHM_OF_KEY_H_
#define CHANCERY_CRYPTO_ALGORITHM_OF_KEY_H_

#include "absl/status/statusor.h"
#include "crypto/key_type.h"
#include "crypto/public_key.h"
#include "crypto/signature_algorithm.h"

namespace chancery::crypto {

// The one algorithm that our private keys of `type` sign with. Unimplemented:
// we sign with none of that type.
absl::StatusOr<SignatureAlgorithm> AlgorithmOf(KeyType type);

// What SigningKey::algorithm is of the private half, for signatures that do not
// name theirs. Of a key whose private half we would not sign with, ECDSA with
// SHA-256.
SignatureAlgorithm AlgorithmOf(const PublicKey& key);

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_ALGORITHM_OF_KEY_H_
