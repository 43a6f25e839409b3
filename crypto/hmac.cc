#include "crypto/hmac.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace chancery::crypto {

Sha256Digest HmacSha256(base::Bytes key, base::Bytes message) {
  Sha256Digest out{};
  unsigned size = 0;
  // Fails only where memory does; then the result is no HMAC of anything.
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           message.data(), message.size(), out.data(), &size) == nullptr) {
    out.fill(0);
  }
  return out;
}

bool EqualInConstantTime(base::Bytes a, base::Bytes b) {
  return a.size() == b.size() &&
         CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace chancery::crypto
