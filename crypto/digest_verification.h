#ifndef CHANCERY_CRYPTO_DIGEST_VERIFICATION_H_
#define CHANCERY_CRYPTO_DIGEST_VERIFICATION_H_

#include "absl/status/status.h"
#include "base/bytes.h"
#include "crypto/message_digest.h"
#include "crypto/public_key.h"

namespace chancery::crypto {

// As key.Verify, for a message that was hashed in pieces. InvalidArgument for
// Ed25519 too, which signs no digests.
absl::Status VerifyDigest(const PublicKey& key, const MessageDigest& digest,
                          base::Bytes signature);

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_DIGEST_VERIFICATION_H_
