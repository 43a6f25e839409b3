#ifndef CHANCERY_CRYPTO_PASSWORD_LIMITS_H_
#define CHANCERY_CRYPTO_PASSWORD_LIMITS_H_

#include <cstdint>

namespace chancery::crypto {

// How much work a file may demand of whoever opens it with a password.
struct PasswordLimits {
  // Rounds of PBKDF2 or of RFC 7292's derivation, added up over the file; of
  // scrypt its N * r * p, which take about as long. The default is some ten
  // seconds, 30 times what is usual. scrypt's memory is bounded by 32 MiB.
  uint64_t iterations = 20'000'000;
};

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_PASSWORD_LIMITS_H_
