// Data objects of a token (CKO_DATA): bytes that whoever is logged in keeps
// there.
#ifndef CHANCERY_CRYPTO_PKCS11_DATA_H_
#define CHANCERY_CRYPTO_PKCS11_DATA_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "crypto/pkcs11_module.h"

namespace chancery::crypto {

// What all of ours have as CKA_APPLICATION.
inline constexpr char kPkcs11Application[] = "chancery";

// Longer ones are not ours: they are read as empty.
inline constexpr size_t kMaxPkcs11Data = 4096;

// The values of our data objects with that CKA_LABEL, in no order. Unavailable
// if the login is lost: private objects would be missing.
absl::StatusOr<std::vector<std::string>> ReadData(const Pkcs11Module& module,
                                                  CK_SESSION_HANDLE session,
                                                  const std::string& label);

// Makes a private data object with that CKA_LABEL, then destroys the others of
// ours with it: at each moment a whole one is there, at some two. After an
// error the new one, the old ones or both are. Other codes than Unavailable
// tell that the token refuses it. `session` is a read-write one.
// InvalidArgument: over kMaxPkcs11Data bytes.
absl::Status ReplaceData(const Pkcs11Module& module, CK_SESSION_HANDLE session,
                         const std::string& label, base::Bytes value);

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_PKCS11_DATA_H_
