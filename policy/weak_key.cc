#include "policy/weak_key.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "crypto/rsa_weakness.h"

namespace chancery::policy {
namespace {

constexpr int kFermatRounds = 100;  // Baseline Requirements section 6.1.1.3.

}  // namespace

absl::Status CheckNotWeak(const crypto::PublicKey& key) {
  if (const uint32_t factor = crypto::SmallRsaFactor(key); factor != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("key: ", factor,
                     " divides its RSA modulus, which has no factor below 752 "
                     "(NIST SP 800-89 section 5.3.3)"));
  }
  if (crypto::HasRocaFingerprint(key)) {
    return absl::InvalidArgumentError(
        "key: its RSA modulus has the ROCA fingerprint (CVE-2017-15361): the "
        "device or library that made it makes keys that can be factored");
  }
  if (crypto::HasClosePrimes(key, kFermatRounds)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "key: its RSA primes are so close that Fermat's method "
        "finds them within ",
        kFermatRounds, " rounds (Baseline Requirements section 6.1.1.3)"));
  }
  if (crypto::HasPrimeModulus(key)) {
    return absl::InvalidArgumentError(
        "key: its RSA modulus is a prime, so that anybody can compute the "
        "private key; it is composite (NIST SP 800-89 section 5.3.3)");
  }
  return absl::OkStatus();
}

}  // namespace chancery::policy
