// What a PKCS#11 token says of itself.
#ifndef CHANCERY_CRYPTO_TOKEN_FACTS_H_
#define CHANCERY_CRYPTO_TOKEN_FACTS_H_

#include <string>

namespace chancery::crypto {

// CK_TOKEN_INFO, without its padding.
struct TokenFacts {
  std::string label = {}, manufacturer = {}, model = {}, serial = {};
  std::string hardware_version = {}, firmware_version = {};  // "2.6".
};

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_TOKEN_FACTS_H_
