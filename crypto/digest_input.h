#ifndef CHANCERY_CRYPTO_DIGEST_INPUT_H_
#define CHANCERY_CRYPTO_DIGEST_INPUT_H_

#include <string>

#include "crypto/message_digest.h"

namespace chancery::crypto {

// What a key's raw operation takes in place of the message that was hashed: as
// SignedInput of that message.
std::string DigestInput(const MessageDigest& digest);

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_DIGEST_INPUT_H_
