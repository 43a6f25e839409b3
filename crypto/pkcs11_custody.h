// Keys that leave a token encrypted, come back, or end there.
#ifndef CHANCERY_CRYPTO_PKCS11_CUSTODY_H_
#define CHANCERY_CRYPTO_PKCS11_CUSTODY_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "crypto/pkcs11_module.h"
#include "crypto/pkcs11_objects.h"
#include "crypto/public_key.h"

namespace chancery::crypto {

// AlreadyExists if a private or secret key has the name's label, or its id.
absl::Status CheckNameFree(const Pkcs11Module& module,
                           CK_SESSION_HANDLE session,
                           const Pkcs11KeyName& name);

// All other sessions here are read-write ones.

// Makes an AES-256 key that never leaves the token and does nothing but wrap
// and unwrap others. AlreadyExists if a secret key has the name's label or id.
absl::Status GenerateWrappingKey(const Pkcs11Module& module,
                                 CK_SESSION_HANDLE session,
                                 const Pkcs11KeyName& name);

// Destroys such a key. NotFound; FailedPrecondition if several have the name.
absl::Status DestroyWrappingKey(const Pkcs11Module& module,
                                CK_SESSION_HANDLE session,
                                const Pkcs11KeyName& name);

// The private key's PKCS #8, encrypted with CKM_AES_KEY_WRAP_PAD (RFC 5649), or
// CKM_AES_KEY_WRAP (RFC 3394) where the token has no other.
// FailedPrecondition: the key was not made to be extractable. NotFound,
// FailedPrecondition for each name. Unimplemented: the token has neither.
absl::StatusOr<std::string> WrapPrivateKey(const Pkcs11Module& module,
                                           CK_SESSION_HANDLE session,
                                           const Pkcs11KeyName& wrapping_key,
                                           const Pkcs11KeyName& name);

// The inverse, with a public key object beside it: sensitive and extractable as
// the key was. Whether both halves belong together is not checked.
// AlreadyExists if a private key has the name's label or id; InvalidArgument:
// `wrapped` is not what this wrapping key encrypted. Leaves nothing after an
// error.
absl::Status UnwrapPrivateKey(const Pkcs11Module& module,
                              CK_SESSION_HANDLE session,
                              const Pkcs11KeyName& wrapping_key,
                              base::Bytes wrapped, const PublicKey& public_key,
                              const Pkcs11KeyName& name);

// Destroys private and public half, and looks whether they are gone.
// FailedPrecondition, and nothing is destroyed, unless the token says that the
// public half is `expected`. NotFound: there is no such private key. DataLoss:
// the token says that it destroyed one and still has it.
absl::Status DestroyKeyPair(const Pkcs11Module& module,
                            CK_SESSION_HANDLE session,
                            const Pkcs11KeyName& name,
                            const PublicKey& expected);

// Destroys what has the name if it is no pair that could be used: a half
// without the other. OK if there is nothing. FailedPrecondition, and nothing is
// destroyed, if both are there.
absl::Status DestroyHalfKeyPair(const Pkcs11Module& module,
                                CK_SESSION_HANDLE session,
                                const Pkcs11KeyName& name);

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_PKCS11_CUSTODY_H_
