#include "crypto/algorithm_of_key.h"

namespace chancery::crypto {

SignatureAlgorithm AlgorithmOf(const PublicKey& key) {
  switch (key.type()) {
    case KeyType::kEcP384:
      return SignatureAlgorithm::kEcdsaSha384;
    case KeyType::kRsa:
      return SignatureAlgorithm::kRsaSha256;
    case KeyType::kEd25519:
      return SignatureAlgorithm::kEd25519;
    default:
      return SignatureAlgorithm::kEcdsaSha256;
  }
}

}  // namespace chancery::crypto
