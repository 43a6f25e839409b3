// What a file that is locked with a password may cost to open. Its author, who
// may be anybody, chooses iterations and memory.
#ifndef CHANCERY_CRYPTO_PASSWORD_BUDGET_H_
#define CHANCERY_CRYPTO_PASSWORD_BUDGET_H_

#include <openssl/x509.h>

#include "absl/status/status.h"
#include "crypto/password_limits.h"

namespace chancery::crypto {

// One for each file: all that is locked in it spends from the same budget.
// Thread-compatible.
class PasswordBudget {
 public:
  explicit PasswordBudget(const PasswordLimits& limits)
      : left_(limits.iterations) {}

  // To be called before the key of `algorithm` is derived: PBES2 (RFC 8018
  // section 6.2) with PBKDF2 or scrypt (RFC 7914 section 7), PBES1, and RFC
  // 7292's appendix C. InvalidArgument: it asks for more than is left, for too
  // much memory, or is malformed. Unimplemented: another algorithm.
  absl::Status Spend(const X509_ALGOR& algorithm);

  // The same for a bare count; null is RFC 7292's default of 1.
  absl::Status SpendIterations(const ASN1_INTEGER* count);

 private:
  absl::Status Take(uint64_t iterations);
  absl::Status SpendScrypt(const ASN1_TYPE* parameters);

  uint64_t left_;
};

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_PASSWORD_BUDGET_H_
