#include "crypto/signature_scheme.h"

namespace chancery::crypto {

bool Fits(KeyType type, SignatureAlgorithm algorithm) {
  switch (algorithm) {
    case SignatureAlgorithm::kEcdsaSha256:
    case SignatureAlgorithm::kEcdsaSha384:
      return type == KeyType::kEcP256 || type == KeyType::kEcP384 ||
             type == KeyType::kEcP521;
    case SignatureAlgorithm::kRsaSha256:
    case SignatureAlgorithm::kRsaSha384:
    case SignatureAlgorithm::kRsaSha512:
      return type == KeyType::kRsa;
    case SignatureAlgorithm::kEd25519:
      return type == KeyType::kEd25519;
  }
  return false;
}

const EVP_MD* HashOf(SignatureAlgorithm algorithm) {
  switch (algorithm) {
    case SignatureAlgorithm::kEcdsaSha256:
    case SignatureAlgorithm::kRsaSha256:
      return EVP_sha256();
    case SignatureAlgorithm::kEcdsaSha384:
    case SignatureAlgorithm::kRsaSha384:
      return EVP_sha384();
    case SignatureAlgorithm::kRsaSha512:
      return EVP_sha512();
    case SignatureAlgorithm::kEd25519:
      break;
  }
  return nullptr;
}

}  // namespace chancery::crypto
