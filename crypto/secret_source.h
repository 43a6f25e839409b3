// Where a PIN, a password or a private key is read from, and the rule that
// nobody else may read the file.
#ifndef CHANCERY_CRYPTO_SECRET_SOURCE_H_
#define CHANCERY_CRYPTO_SECRET_SOURCE_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/secret.h"

namespace chancery::crypto {

// At most one of them; all empty means that there is no secret. Never a
// command line argument, which every user of the machine can read.
struct SecretSource {
  std::string file = {};       // A path; its first line is the secret.
  std::string env = {};        // The name of an environment variable.
  std::optional<int> fd = {};  // An open descriptor, such as a pipe's end.

  bool empty() const { return file.empty() && env.empty() && !fd.has_value(); }
};

// A PIN or password, without its line's end. InvalidArgument if `source` names
// several or none or the secret is empty; NotFound if the variable is not set;
// Unavailable if the descriptor cannot be read, which is done up to its end or
// to the first line's; otherwise as ReadSecretFile.
absl::StatusOr<base::Secret> ReadSecret(const SecretSource& source);

// The whole content. FailedPrecondition if group or others have any permission
// on the file (it must be 0600 or 0400) or it is not a regular file; NotFound,
// PermissionDenied, Unavailable and InvalidArgument (over `max_size` bytes) as
// base::ReadFile.
absl::StatusOr<base::Secret> ReadSecretFile(const std::string& path,
                                            size_t max_size = 1 << 20);

// A file that may hold a secret or not; its reader finds out.
struct MaybeSecretFile {
  base::Secret content;
  // What ReadSecretFile says of who else may read it; OK if nobody.
  absl::Status privacy;
};
// As ReadSecretFile, of a regular file with any permissions.
absl::StatusOr<MaybeSecretFile> ReadMaybeSecretFile(const std::string& path,
                                                    size_t max_size = 1 << 20);

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_SECRET_SOURCE_H_
