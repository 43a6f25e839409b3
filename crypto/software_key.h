// Private keys in this process' memory, and their PEM files.
//
//   ASSIGN_OR_RETURN(auto key, crypto::GenerateKey({KeyType::kEcP256}));
//   ASSIGN_OR_RETURN(std::string signature, key->Sign(tbs));
#ifndef CHANCERY_CRYPTO_SOFTWARE_KEY_H_
#define CHANCERY_CRYPTO_SOFTWARE_KEY_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "base/secret.h"
#include "crypto/public_key.h"
#include "crypto/signing_key.h"

namespace chancery::crypto {

// A kind of key to make.
struct KeySpec {
  KeyType type = KeyType::kEcP256;
  int bits = 0;  // RSA only: 2048 to 4096, a multiple of 8.
};

// InvalidArgument names the rule that `spec` breaks.
absl::Status CheckKeySpec(const KeySpec& spec);

// EC P-256 and P-384, RSA of 2048 to 4096 bits, Ed25519. One of each 100
// signatures is verified. A P-256 signature takes 20 us.
class SoftwareKey final : public SigningKey {
 public:
  ~SoftwareKey() override;

  const PublicKey& public_key() const override;
  SignatureAlgorithm algorithm() const override;
  absl::StatusOr<std::string> Sign(base::Bytes message) const override;

  struct State;                                   // Holds OpenSSL's handle.
  const State& state() const { return *state_; }  // For crypto/ and tls/ only.
  explicit SoftwareKey(std::unique_ptr<State> state);

 private:
  const std::unique_ptr<State> state_;
};

// A new key from the system's randomness. RSA-4096 takes up to seconds.
absl::StatusOr<std::unique_ptr<SoftwareKey>> GenerateKey(const KeySpec& spec);

// The first private key in `pem`: PKCS #8, encrypted PKCS #8 (RFC 7468 sections
// 10 and 11), or the traditional "EC PRIVATE KEY" and "RSA PRIVATE KEY", also
// encrypted; other blocks are passed over. `password` may be null and is not
// used for a key that is not encrypted.
// InvalidArgument: no key in it, a malformed one, or RSA under 2048 bits.
// PermissionDenied: it is encrypted and the password is wrong or missing.
// Unimplemented: a key of another type.
absl::StatusOr<std::unique_ptr<SoftwareKey>> ParsePrivateKeyPem(
    base::Bytes pem, const base::Secret* password);

// PKCS #8; with a password, encrypted with AES-256-CBC under a key from PBKDF2
// with HMAC-SHA-256 and 600,000 rounds (half a second, each time it is read).
absl::StatusOr<base::Secret> EncodePkcs8Pem(const SoftwareKey& key,
                                            const base::Secret* password);

// ParsePrivateKeyPem of a file, named in each error. FailedPrecondition if
// others than its owner have any permission on it (it must be 0600 or 0400).
absl::StatusOr<std::unique_ptr<SoftwareKey>> LoadSoftwareKey(
    const std::string& path, const base::Secret* password);

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_SOFTWARE_KEY_H_
