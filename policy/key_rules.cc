#include "policy/key_rules.h"

#include "absl/strings/str_cat.h"
#include "crypto/key_type.h"

namespace chancery::policy {

absl::Status CheckKey(const crypto::PublicKey& key) {
  switch (key.type()) {
    case crypto::KeyType::kEcP256:
    case crypto::KeyType::kEcP384:
    case crypto::KeyType::kEd25519:
      return absl::OkStatus();
    case crypto::KeyType::kEcP521:
      return absl::InvalidArgumentError(
          "key: P-521: P-256 and P-384 are allowed");
    case crypto::KeyType::kRsa:
      break;
  }
  if (key.bits() < 2048 || key.bits() > 4096 || key.bits() % 8 != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("key: RSA of ", key.bits(),
                     " bits: 2048 to 4096, a multiple of 8, are allowed"));
  }
  if (key.rsa_exponent() == 0) {
    return absl::InvalidArgumentError(
        "key: RSA exponent of more than 64 bits: an odd one from 65537 to "
        "2^64 - 1 is allowed (NIST SP 800-89)");
  }
  if (key.rsa_exponent() < 65537 || key.rsa_exponent() % 2 == 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "key: RSA exponent ", key.rsa_exponent(),
        ": an odd one of 65537 or more is allowed (NIST SP 800-89)"));
  }
  return absl::OkStatus();
}

}  // namespace chancery::policy
