// What a PKCS#11 token says of itself and of what is in it.
#ifndef CHANCERY_CRYPTO_TOKEN_FACTS_H_
#define CHANCERY_CRYPTO_TOKEN_FACTS_H_

#include <string>

namespace chancery::crypto {

// CK_TOKEN_INFO, without its padding.
struct TokenFacts {
  std::string label = {}, manufacturer = {}, model = {}, serial = {};
  std::string hardware_version = {}, firmware_version = {};  // "2.6".
};

// A key pair in a token, or a half of one. Names need not be unique.
struct TokenKey {
  std::string label = {};  // CKA_LABEL.
  std::string id = {};     // CKA_ID, bytes.
  bool private_half = false;
  bool public_half = false;
};

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_TOKEN_FACTS_H_
