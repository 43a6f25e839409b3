// The PIN of a token, and whether it may be tried.
#ifndef CHANCERY_CRYPTO_PKCS11_PIN_H_
#define CHANCERY_CRYPTO_PKCS11_PIN_H_

#include <cstdint>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "base/mutex.h"
#include "base/secret.h"
#include "crypto/pkcs11_module.h"
#include "crypto/pkcs11_uri.h"

namespace chancery::crypto {

// Tokens lock themselves after a few wrong PINs, and only their security
// officer unlocks them. So a refused PIN is tried once: from then on each login
// is refused with the same reason, without asking the token, until an operator
// has acted, which is that the PIN's file was written again (`touch` will do).
// A PIN that came from elsewhere is refused until the process starts again.
//
// Nor is it tried while the token says that one more wrong PIN would lock it
// (CKF_USER_PIN_FINAL_TRY), unless `try_final`; so a supervisor that starts a
// process with a wrong PIN again and again never locks the token.
//
// Thread-safe; one login at a time, since two with a wrong PIN would be one too
// many.
class Pkcs11Pin {
 public:
  // `pin` was read from `uri.pin`, if that names a file. `uri.text` is for
  // messages.
  Pkcs11Pin(base::Secret pin, const Pkcs11Uri& uri, bool try_final);

  // PermissionDenied if the PIN was refused and nobody has acted since. Does
  // not ask the token.
  absl::Status CheckNotRefused();

  // C_Login as the user; OK if it is already. The file is read again if it has
  // changed since. PermissionDenied if it was refused or is not to be tried;
  // otherwise as Pkcs11Status.
  absl::Status Login(const Pkcs11Module& module, CK_SLOT_ID slot,
                     CK_SESSION_HANDLE session);

  // For one operation of a key with CKA_ALWAYS_AUTHENTICATE, which has begun.
  absl::Status LoginForOperation(const Pkcs11Module& module,
                                 CK_SESSION_HANDLE session);

 private:
  // Of a file; another one after each change of it.
  struct Stamp {
    uint64_t inode = 0;
    int64_t modified_ns = 0;
    int64_t changed_ns = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };

  static Stamp StampOf(const std::string& path);
  absl::Status ReadIfChanged() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status CheckMayTry(const Pkcs11Module& module, CK_SLOT_ID slot) const;
  absl::Status Try(const Pkcs11Module& module, CK_SESSION_HANDLE session,
                   CK_USER_TYPE user) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // What an operator does about a refusal.
  std::string Remedy() const;

  const std::string token_;  // For messages.
  const SecretSource source_;
  const bool try_final_;

  base::Mutex mu_;
  base::Secret pin_ ABSL_GUARDED_BY(mu_);
  Stamp read_ ABSL_GUARDED_BY(mu_);
  absl::Status refused_ ABSL_GUARDED_BY(mu_);  // OK unless it was.
};

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_PKCS11_PIN_H_
