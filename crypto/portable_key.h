// A private key on its way from one file into another.
#ifndef CHANCERY_CRYPTO_PORTABLE_KEY_H_
#define CHANCERY_CRYPTO_PORTABLE_KEY_H_

#include <memory>

#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "base/secret.h"
#include "crypto/password_limits.h"
#include "crypto/pkcs8_form.h"

namespace chancery::crypto {

// RSA of 1,024 to 8,192 bits, EC on any curve that OpenSSL knows, Ed25519,
// Ed448: more than SoftwareKey signs with, as these are other people's keys.
// Its memory is wiped when it goes. Moves, does not copy. Immutable.
class PortableKey {
 public:
  // The one private key in PEM (others and text between blocks are passed
  // over), or DER: PKCS #8, encrypted PKCS #8, "EC PRIVATE KEY", "RSA PRIVATE
  // KEY". `password` may be null.
  // InvalidArgument: none or several, malformed, of another size, parts that do
  // not belong together, or dearer to open than `limits`. PermissionDenied: the
  // password is wrong or missing. Unimplemented: another type or encryption.
  static absl::StatusOr<PortableKey> FromPem(base::Bytes pem,
                                             const base::Secret* password,
                                             const PasswordLimits& limits = {});
  static absl::StatusOr<PortableKey> FromDer(base::Bytes der,
                                             const base::Secret* password,
                                             const PasswordLimits& limits = {});

  // Whether it was locked with a password where it was read.
  bool was_encrypted() const;

  // Whether `spki`, a DER SubjectPublicKeyInfo, is its public key, whatever the
  // encoding (an EC point may be compressed, for one).
  bool Matches(base::Bytes spki) const;

  // PKCS #8; without a password, in the clear. Otherwise PBES2 with AES-256.
  absl::StatusOr<base::Secret> Encode(const Pkcs8Form& form,
                                      const base::Secret* password) const;

  PortableKey(PortableKey&&) noexcept;
  PortableKey& operator=(PortableKey&&) noexcept;
  ~PortableKey();

  struct State;  // portable_key_state.h, for crypto/ only.
  explicit PortableKey(std::unique_ptr<State> state);
  const State& state() const { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_PORTABLE_KEY_H_
