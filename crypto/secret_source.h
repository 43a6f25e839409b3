// Where a PIN, a password or a private key is read from, and the rule that
// nobody else may read the file.
#ifndef CHANCERY_CRYPTO_SECRET_SOURCE_H_
#define CHANCERY_CRYPTO_SECRET_SOURCE_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "base/secret.h"

namespace chancery::crypto {

// At most one of them; both empty means that there is no secret. Never a
// command line argument, which every user of the machine can read.
struct SecretSource {
  std::string file = {};  // A path; the file's first line is the secret.
  std::string env = {};   // The name of an environment variable.

  bool empty() const { return file.empty() && env.empty(); }
};

// A PIN or password, without its line's end. InvalidArgument if `source` names
// both or none or the secret is empty; NotFound if the variable is not set;
// otherwise as ReadSecretFile.
absl::StatusOr<base::Secret> ReadSecret(const SecretSource& source);

// The whole content. FailedPrecondition if group or others have any permission
// on the file (it must be 0600 or 0400) or it is not a regular file; NotFound,
// PermissionDenied, Unavailable and InvalidArgument (over `max_size` bytes) as
// base::ReadFile.
absl::StatusOr<base::Secret> ReadSecretFile(const std::string& path,
                                            size_t max_size = 1 << 20);

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_SECRET_SOURCE_H_
