// Which key makes which signature, over which hash. For crypto/ and tls/ only.
#ifndef CHANCERY_CRYPTO_SIGNATURE_SCHEME_H_
#define CHANCERY_CRYPTO_SIGNATURE_SCHEME_H_

#include <openssl/evp.h>

#include "crypto/key_type.h"
#include "crypto/signature_algorithm.h"

namespace chancery::crypto {

bool Fits(KeyType type, SignatureAlgorithm algorithm);

// Null for Ed25519, which signs whole messages.
const EVP_MD* HashOf(SignatureAlgorithm algorithm);

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_SIGNATURE_SCHEME_H_
