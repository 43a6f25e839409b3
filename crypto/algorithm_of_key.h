#ifndef CHANCERY_CRYPTO_ALGORITHM_OF_KEY_H_
#define CHANCERY_CRYPTO_ALGORITHM_OF_KEY_H_

#include "crypto/public_key.h"
#include "crypto/signature_algorithm.h"

namespace chancery::crypto {

// What SigningKey::algorithm is of the private half, for signatures that do not
// name theirs: each type of key signs with one.
SignatureAlgorithm AlgorithmOf(const PublicKey& key);

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_ALGORITHM_OF_KEY_H_
