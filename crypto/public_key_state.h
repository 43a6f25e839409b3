// What a PublicKey shares between its copies. For crypto/ and tls/ only.
#ifndef CHANCERY_CRYPTO_PUBLIC_KEY_STATE_H_
#define CHANCERY_CRYPTO_PUBLIC_KEY_STATE_H_

#include <string>

#include "base/bytes.h"
#include "crypto/openssl_handles.h"
#include "crypto/public_key.h"

namespace chancery::crypto {

// Immutable after FromSpki but for the pool, which is thread-safe.
struct PublicKey::State {
  std::string spki;
  base::Bytes key_bits;  // In `spki`: the BIT STRING without its first octet.
  KeyType type = KeyType::kEcP256;
  int bits = 0;
  uint64_t rsa_exponent = 0;
  PKeyPtr pkey;
  mutable PKeyContextPool verifiers{EVP_PKEY_verify_init};
};

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_PUBLIC_KEY_STATE_H_
