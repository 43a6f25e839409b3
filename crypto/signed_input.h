// What a key's raw operation takes in place of a message.
//
//   SignedInput input(algorithm, message);
//   EVP_PKEY_sign(context, out, &size, input.data(), input.size());
#ifndef CHANCERY_CRYPTO_SIGNED_INPUT_H_
#define CHANCERY_CRYPTO_SIGNED_INPUT_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "crypto/signature_algorithm.h"

namespace chancery::crypto {

// For ECDSA the digest; for RSA the DER DigestInfo that PKCS #1 v1.5 pads
// (RFC 8017 section 9.2). Not for Ed25519, which takes the message itself.
class SignedInput {
 public:
  SignedInput(SignatureAlgorithm algorithm, base::Bytes message);

  const uint8_t* data() const { return bytes_.data(); }
  size_t size() const { return size_; }

 private:
  void Append(base::Bytes bytes);

  std::array<uint8_t, 19 + 64> bytes_;  // The largest: DigestInfo of SHA-512.
  size_t size_ = 0;
};

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_SIGNED_INPUT_H_
