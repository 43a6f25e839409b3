// What a PublicKey shares between its copies. For crypto/ and tls/ only.
#ifndef CHANCERY_CRYPTO_PUBLIC_KEY_STATE_H_
#define CHANCERY_CRYPTO_PUBLIC_KEY_STATE_H_

#include <openssl/types.h>

#include <memory>
#include <mutex>
#include <string>

#include "base/bytes.h"
#include "crypto/openssl_handles.h"
#include "crypto/public_key.h"

namespace chancery::crypto {

// OpenSSL 3.0 calls EC_KEY deprecated; only public_key.cc uses it.
struct EcKeyFree {
  void operator()(EC_KEY* key) const;
};
using EcKeyPtr = std::unique_ptr<EC_KEY, EcKeyFree>;

// Immutable after FromSpki but for what is made when it is first asked for.
// Thread-safe.
struct PublicKey::State {
  std::string spki;
  base::Bytes key_bits;  // In `spki`: the BIT STRING without its first octet.
  KeyType type = KeyType::kEcP256;
  int bits = 0;
  uint64_t rsa_exponent = 0;
  // Of a P-256 key, which is verified with it: most keys in requests are one,
  // and the rest of what OpenSSL would make of each is a sixth of the work.
  EcKeyPtr ec;
  mutable PKeyContextPool verifiers{EVP_PKEY_verify_init};

  // Null only if OpenSSL could not make it, for want of memory.
  EVP_PKEY* pkey() const;

  mutable std::once_flag made;  // `pkey_`, of a P-256 key.
  mutable PKeyPtr pkey_;
};

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_PUBLIC_KEY_STATE_H_
