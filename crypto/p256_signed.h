#ifndef CHANCERY_CRYPTO_P256_SIGNED_H_
#define CHANCERY_CRYPTO_P256_SIGNED_H_

#include "base/bytes.h"
#include "crypto/digest.h"

namespace chancery::crypto {

// What a P-256 key is to have signed with ECDSA and SHA-256.
struct P256Signed {
  Sha256Digest digest;    // Of the message.
  base::Bytes signature;  // DER.
};

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_P256_SIGNED_H_
