// A public key and what it can check.
#ifndef CHANCERY_CRYPTO_PUBLIC_KEY_H_
#define CHANCERY_CRYPTO_PUBLIC_KEY_H_

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "crypto/digest.h"
#include "crypto/key_type.h"
#include "crypto/signature_algorithm.h"

namespace chancery::crypto {

// Immutable and cheap to copy (a shared handle). Thread-safe.
class PublicKey {
 public:
  // From a DER SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7). Points must be
  // uncompressed, on a named curve, and are checked to be on it; RSA parameters
  // must be NULL (RFC 3279 section 2.3.1). So each key has one encoding.
  // InvalidArgument says what is wrong; Unimplemented names an algorithm or
  // curve that is none of KeyType. Says nothing of strength: weak RSA keys
  // parse, and policy refuses them. 15 us for P-256.
  static absl::StatusOr<PublicKey> FromSpki(base::Bytes der);

  // The very bytes that FromSpki was given.
  base::Bytes spki() const;

  KeyType type() const;
  // RSA modulus bits, or the curve's field size (256, 384, 521; Ed25519: 256).
  int bits() const;
  // RSA public exponent if it fits, else 0; 0 for other types.
  uint64_t rsa_exponent() const;

  // SHA-1 of the BIT STRING contents of the key: the CertID issuerKeyHash and
  // the byKey responder ID (RFC 6960 sections 4.1.1 and 4.2.1), and the usual
  // subject key identifier (RFC 5280 section 4.2.1.2 method 1).
  Sha1Digest KeyHashSha1() const;
  Sha256Digest KeyHashSha256() const;

  // OK when `signature` (X.509 form) is this key's over `message`;
  // InvalidArgument when it is not or `algorithm` does not fit the key.
  absl::Status Verify(SignatureAlgorithm algorithm, base::Bytes message,
                      base::Bytes signature) const;

  // As Verify, for a message that is not to be in memory all at once, such as a
  // mapped file: reads it in pieces from its front and passes each to `done`
  // when it is not needed any more. Ed25519 reads the whole message twice and
  // has one piece.
  absl::Status VerifyInPieces(SignatureAlgorithm algorithm, base::Bytes message,
                              base::Bytes signature,
                              absl::FunctionRef<void(base::Bytes)> done) const;

  // Same type and key.
  bool operator==(const PublicKey& other) const;

  // Holds OpenSSL's handle; see public_key_state.h. For crypto/ and tls/ only.
  struct State;
  const State& state() const { return *state_; }

 private:
  explicit PublicKey(std::shared_ptr<const State> state)
      : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_PUBLIC_KEY_H_
