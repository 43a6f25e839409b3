// Private keys of every kind that OpenSSL knows, as it holds them.
#ifndef CHANCERY_CRYPTO_PRIVATE_KEY_READER_H_
#define CHANCERY_CRYPTO_PRIVATE_KEY_READER_H_

#include <openssl/pkcs12.h>

#include <memory>

#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "base/secret.h"
#include "crypto/legacy_algorithms.h"
#include "crypto/openssl_handles.h"
#include "crypto/password_budget.h"

namespace chancery::crypto {

using Pkcs8Ptr =
    std::unique_ptr<PKCS8_PRIV_KEY_INFO, OpenSslFree<PKCS8_PRIV_KEY_INFO_free>>;

struct ReadKey {
  PKeyPtr pkey;
  bool encrypted = false;  // As it was read.
};

// The first private key in `pem`: PKCS #8, encrypted PKCS #8 (RFC 7468 sections
// 10 and 11), or the traditional "EC PRIVATE KEY" and "RSA PRIVATE KEY", also
// encrypted; other blocks are passed over. `password` may be null.
// InvalidArgument: none in it, a malformed one, one that costs too much.
// PermissionDenied: it is encrypted and the password is wrong or missing.
// Unimplemented: another kind of block or encryption.
absl::StatusOr<ReadKey> ReadPrivateKeyPem(base::Bytes pem,
                                          const base::Secret* password,
                                          PasswordBudget& budget);

// The same for DER, which is nothing but the key.
absl::StatusOr<ReadKey> ReadPrivateKeyDer(base::Bytes der,
                                          const base::Secret* password,
                                          PasswordBudget& budget);

// Decrypts EncryptedPrivateKeyInfo (RFC 5958 section 3). Errors as above.
absl::StatusOr<PKeyPtr> Unlock(const X509_SIG& sealed,
                               const base::Secret* password,
                               PasswordBudget& budget,
                               LegacyAlgorithms& legacy);

// InvalidArgument unless private and public part belong together, which a file
// may get wrong. Takes long on an absurd RSA key: look at its size first.
absl::Status CheckPair(EVP_PKEY* pkey);

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_PRIVATE_KEY_READER_H_
