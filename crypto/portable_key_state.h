// What a PortableKey holds. For crypto/ only.
#ifndef CHANCERY_CRYPTO_PORTABLE_KEY_STATE_H_
#define CHANCERY_CRYPTO_PORTABLE_KEY_STATE_H_

#include "absl/status/statusor.h"
#include "crypto/openssl_handles.h"
#include "crypto/portable_key.h"
#include "crypto/private_key_reader.h"

namespace chancery::crypto {

struct PortableKey::State {
  PKeyPtr pkey;
  bool encrypted = false;
};

// Checks type, size and that the parts belong together.
absl::StatusOr<PortableKey> MakePortableKey(ReadKey read);

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_PORTABLE_KEY_STATE_H_
