#include "crypto/algorithm_of_key.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace chancery::crypto {

absl::StatusOr<SignatureAlgorithm> AlgorithmOf(KeyType type) {
  switch (type) {
    case KeyType::kEcP256:
      return SignatureAlgorithm::kEcdsaSha256;
    case KeyType::kEcP384:
      return SignatureAlgorithm::kEcdsaSha384;
    case KeyType::kRsa:
      return SignatureAlgorithm::kRsaSha256;
    case KeyType::kEd25519:
      return SignatureAlgorithm::kEd25519;
    case KeyType::kEcP521:
      break;
  }
  return absl::UnimplementedError(
      absl::StrCat("private keys of type ", Name(type),
                   " are not supported: EC P-256, EC P-384, RSA or Ed25519"));
}

SignatureAlgorithm AlgorithmOf(const PublicKey& key) {
  return AlgorithmOf(key.type()).value_or(SignatureAlgorithm::kEcdsaSha256);
}

}  // namespace chancery::crypto
