// HMAC (RFC 2104) with SHA-256.
#ifndef CHANCERY_CRYPTO_HMAC_H_
#define CHANCERY_CRYPTO_HMAC_H_

#include "base/bytes.h"
#include "crypto/digest.h"

namespace chancery::crypto {

Sha256Digest HmacSha256(base::Bytes key, base::Bytes message);

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_HMAC_H_
