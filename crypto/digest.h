// SHA-1 and SHA-2 of bytes at hand or arriving in pieces.
//
//   crypto::Sha256Digest d = crypto::Sha256(tbs);
#ifndef CHANCERY_CRYPTO_DIGEST_H_
#define CHANCERY_CRYPTO_DIGEST_H_

#include <array>
#include <cstdint>
#include <memory>

#include "base/bytes.h"

namespace chancery::crypto {

using Sha1Digest = std::array<uint8_t, 20>;
using Sha256Digest = std::array<uint8_t, 32>;
using Sha384Digest = std::array<uint8_t, 48>;
using Sha512Digest = std::array<uint8_t, 64>;

// SHA-1 names issuers in CertIDs and keys in responder IDs; nothing is signed
// over it.
Sha1Digest Sha1(base::Bytes bytes);
Sha256Digest Sha256(base::Bytes bytes);
Sha384Digest Sha384(base::Bytes bytes);
Sha512Digest Sha512(base::Bytes bytes);

// SHA-256 over pieces. One object serves one message after another: Finish
// resets it. Thread-compatible.
class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  Sha256Stream(Sha256Stream&&) noexcept;
  Sha256Stream& operator=(Sha256Stream&&) noexcept;

  Sha256Stream& Update(base::Bytes bytes);
  Sha256Digest Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_DIGEST_H_
