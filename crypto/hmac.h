// HMAC (RFC 2104) with SHA-256.
#ifndef CHANCERY_CRYPTO_HMAC_H_
#define CHANCERY_CRYPTO_HMAC_H_

#include "base/bytes.h"
#include "crypto/digest.h"

namespace chancery::crypto {

Sha256Digest HmacSha256(base::Bytes key, base::Bytes message);

// Whether they are the same, in a time that tells only their lengths: how a MAC
// is compared with what a stranger sent.
bool EqualInConstantTime(base::Bytes a, base::Bytes b);

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_HMAC_H_
