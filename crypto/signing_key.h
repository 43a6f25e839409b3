// A private key seen from outside: what it signs, never what it is.
#ifndef CHANCERY_CRYPTO_SIGNING_KEY_H_
#define CHANCERY_CRYPTO_SIGNING_KEY_H_

#include <string>

#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "crypto/public_key.h"
#include "crypto/signature_algorithm.h"

namespace chancery::crypto {

// Security property: a signature that Sign returns verifies under public_key().
// Keys in tokens check each one before release; software keys check a sample.
// Thread-safe; many threads may sign at once.
class SigningKey {
 public:
  virtual ~SigningKey() = default;

  virtual const PublicKey& public_key() const = 0;

  // The one algorithm this key signs with: ECDSA P-256 with SHA-256, P-384 with
  // SHA-384, RSA with SHA-256, or Ed25519.
  virtual SignatureAlgorithm algorithm() const = 0;

  // A signature over `message` in X.509 form.
  // Unavailable: the token is gone, refuses its PIN, or has no key, or another
  //   one, under this name; says which. Retrying helps once that has ended.
  // DataLoss: the token returned a signature that does not verify; nothing it
  //   makes should be released until an operator has looked.
  virtual absl::StatusOr<std::string> Sign(base::Bytes message) const = 0;
};

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_SIGNING_KEY_H_
