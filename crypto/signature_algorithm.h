// The signature algorithms that this system makes and accepts.
#ifndef CHANCERY_CRYPTO_SIGNATURE_ALGORITHM_H_
#define CHANCERY_CRYPTO_SIGNATURE_ALGORITHM_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/bytes.h"

namespace chancery::crypto {

// A signature in X.509 form: ECDSA is the DER SEQUENCE { r, s } (RFC 5480), RSA
// PKCS #1 v1.5 has the modulus' length, Ed25519 has 64 octets (RFC 8410).
enum class SignatureAlgorithm {
  kEcdsaSha256,
  kEcdsaSha384,
  kRsaSha256,
  kRsaSha384,
  kRsaSha512,
  kEd25519,
};

// The DER AlgorithmIdentifier that names `algorithm`: RSA with NULL parameters,
// the others with none (RFC 4055, 5758, 8410). Static storage.
base::Bytes AlgorithmIdentifier(SignatureAlgorithm algorithm);

// The inverse. Unimplemented for any other algorithm. For RSA, parameters that
// are absent instead of NULL are accepted too (RFC 4055 section 5).
absl::StatusOr<SignatureAlgorithm> ParseSignatureAlgorithm(
    base::Bytes algorithm_identifier);

// "ecdsa-with-SHA256", ...
absl::string_view Name(SignatureAlgorithm algorithm);

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_SIGNATURE_ALGORITHM_H_
