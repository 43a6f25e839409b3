// What a signature algorithm signs in place of a message that is not to be in
// memory all at once.
//
//   DigestStream stream(key.algorithm());
//   for (...) stream.Update(piece);
//   ASSIGN_OR_RETURN(std::string signature, key.SignDigest(stream.Finish()));
#ifndef CHANCERY_CRYPTO_MESSAGE_DIGEST_H_
#define CHANCERY_CRYPTO_MESSAGE_DIGEST_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "base/bytes.h"
#include "crypto/signature_algorithm.h"

namespace chancery::crypto {

// False for Ed25519, which signs the message itself (RFC 8032 section 5.1.6
// reads it twice).
bool CanSignDigest(SignatureAlgorithm algorithm);

// The digest of a message by a signature algorithm's hash. Only DigestStream
// makes one: a key signs no 32 octets that somebody handed in, only what this
// process has hashed.
class MessageDigest {
 public:
  SignatureAlgorithm algorithm() const { return algorithm_; }
  base::Bytes bytes() const { return base::Bytes(bytes_).first(size_); }

 private:
  friend class DigestStream;
  explicit MessageDigest(SignatureAlgorithm algorithm)
      : algorithm_(algorithm) {}

  SignatureAlgorithm algorithm_;
  std::array<uint8_t, 64> bytes_{};
  size_t size_ = 0;
};

// What SignDigest says of a digest that a key with `algorithm` does not sign.
absl::Status CheckDigestFor(SignatureAlgorithm algorithm,
                            const MessageDigest& digest);

// Hashes one message. Not for Ed25519: its digest is empty, and no key signs
// that. Thread-compatible.
class DigestStream {
 public:
  explicit DigestStream(SignatureAlgorithm algorithm);
  ~DigestStream();
  DigestStream(DigestStream&&) noexcept;
  DigestStream& operator=(DigestStream&&) noexcept;

  void Update(base::Bytes bytes);
  // Once, at the end.
  MessageDigest Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_MESSAGE_DIGEST_H_
