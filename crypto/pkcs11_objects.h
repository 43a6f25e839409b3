// Key pairs in a token: finding, reading, making them.
#ifndef CHANCERY_CRYPTO_PKCS11_OBJECTS_H_
#define CHANCERY_CRYPTO_PKCS11_OBJECTS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "crypto/pkcs11_module.h"
#include "crypto/public_key.h"
#include "crypto/software_key.h"
#include "crypto/token_facts.h"

namespace chancery::crypto {

// What names a key in a token; at least one is not empty.
struct Pkcs11KeyName {
  std::string label = {};  // CKA_LABEL.
  std::string id = {};     // CKA_ID, bytes.
};

// For messages: "label=issuing;id=01".
std::string ToString(const Pkcs11KeyName& name);

// Unavailable if the session or its login is lost.
absl::Status CheckLoggedIn(const Pkcs11Module& module,
                           CK_SESSION_HANDLE session);

// The one private key of that name. NotFound; FailedPrecondition if several
// have it; Unavailable if the login is lost.
absl::StatusOr<CK_OBJECT_HANDLE> FindPrivateKey(const Pkcs11Module& module,
                                                CK_SESSION_HANDLE session,
                                                const Pkcs11KeyName& name);

// The public half as the token tells it: from the public key object with the
// private key's CKA_ID (without one, with its label), or, where the token keeps
// none, from the private key. NotFound if it does not tell; Unimplemented for
// types that PublicKey does not have.
absl::StatusOr<PublicKey> ReadPublicKey(const Pkcs11Module& module,
                                        CK_SESSION_HANDLE session,
                                        CK_OBJECT_HANDLE private_key);

// All objects that have these attributes and that the session sees.
absl::StatusOr<std::vector<CK_OBJECT_HANDLE>> FindObjects(
    const Pkcs11Module& module, CK_SESSION_HANDLE session,
    std::vector<CK_ATTRIBUTE> wanted, absl::string_view what);

// All private and public keys, by name. Unavailable if the login is lost:
// private keys would be missing.
absl::StatusOr<std::vector<TokenKey>> ListKeys(const Pkcs11Module& module,
                                               CK_SESSION_HANDLE session);

// CKA_ALWAYS_AUTHENTICATE: each signature needs a login of its own.
bool AlwaysAuthenticate(const Pkcs11Module& module, CK_SESSION_HANDLE session,
                        CK_OBJECT_HANDLE private_key);

// Makes a key pair that never leaves the token (sensitive, not extractable), or
// with `extractable` only encrypted by a key of the token (still sensitive).
// `session` is a read-write one; `name` has both a label and an id.
// AlreadyExists if a private key has that label or that id.
absl::StatusOr<PublicKey> GenerateKeyPair(const Pkcs11Module& module,
                                          CK_SESSION_HANDLE session,
                                          const KeySpec& spec,
                                          const Pkcs11KeyName& name,
                                          bool extractable = false);

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_PKCS11_OBJECTS_H_
