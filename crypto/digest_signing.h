#ifndef CHANCERY_CRYPTO_DIGEST_SIGNING_H_
#define CHANCERY_CRYPTO_DIGEST_SIGNING_H_

#include <string>

#include "absl/status/statusor.h"
#include "crypto/message_digest.h"
#include "crypto/signing_key.h"

namespace chancery::crypto {

// As key.Sign, for a message that was hashed in pieces; each signature is
// verified before it is released. Software keys and keys in tokens can.
// Unimplemented: Ed25519, which signs whole messages, and a key that is
// neither. InvalidArgument: the digest is for another algorithm. Others as
// Sign.
absl::StatusOr<std::string> SignDigest(const SigningKey& key,
                                       const MessageDigest& digest);

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_DIGEST_SIGNING_H_
