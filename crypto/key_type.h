// The kinds of keys that this system knows.
#ifndef CHANCERY_CRYPTO_KEY_TYPE_H_
#define CHANCERY_CRYPTO_KEY_TYPE_H_

#include "absl/strings/string_view.h"
#include "base/bytes.h"

namespace chancery::crypto {

enum class KeyType { kEcP256, kEcP384, kEcP521, kRsa, kEd25519 };

// "EC P-256", ...
absl::string_view Name(KeyType type);

// The DER AlgorithmIdentifier of a SubjectPublicKeyInfo with such a key: EC
// with a named curve, RSA with NULL parameters. Static storage.
base::Bytes KeyAlgorithmIdentifier(KeyType type);

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_KEY_TYPE_H_
