// What a SoftwareKey holds. For crypto/ and tls/ only.
#ifndef CHANCERY_CRYPTO_SOFTWARE_KEY_STATE_H_
#define CHANCERY_CRYPTO_SOFTWARE_KEY_STATE_H_

#include <atomic>
#include <cstdint>
#include <utility>

#include "crypto/openssl_handles.h"
#include "crypto/software_key.h"

namespace chancery::crypto {

struct SoftwareKey::State {
  State(PKeyPtr pkey_in, PublicKey public_key_in,
        SignatureAlgorithm algorithm_in)
      : pkey(std::move(pkey_in)),
        public_key(std::move(public_key_in)),
        algorithm(algorithm_in) {}

  const PKeyPtr pkey;
  const PublicKey public_key;
  const SignatureAlgorithm algorithm;
  PKeyContextPool signers{EVP_PKEY_sign_init};
  std::atomic<uint64_t> signatures{0};
};

// Unimplemented or InvalidArgument if `pkey` is none of the keys that
// SoftwareKey has.
absl::StatusOr<std::unique_ptr<SoftwareKey>> MakeSoftwareKey(PKeyPtr pkey);

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_SOFTWARE_KEY_STATE_H_
