// Signs in an RSA public key that its private key can be found.
#ifndef CHANCERY_CRYPTO_RSA_WEAKNESS_H_
#define CHANCERY_CRYPTO_RSA_WEAKNESS_H_

#include <cstdint>
#include <string>

#include "crypto/public_key.h"

namespace chancery::crypto {

// Each is of no key but RSA: empty, 0 or false for others. Thread-safe.

// The modulus, big-endian, without leading zero octets.
std::string RsaModulus(const PublicKey& key);

// The smallest prime below 752 that divides the modulus (NIST SP 800-89 section
// 5.3.3: it has none); 0 if none does.
uint32_t SmallRsaFactor(const PublicKey& key);

// Whether the modulus is a prime, which makes the private exponent anybody's to
// compute (NIST SP 800-89 section 5.3.3: it is composite). A composite one of
// 2048 bits takes 1.5 ms.
bool HasPrimeModulus(const PublicKey& key);

// ROCA, CVE-2017-15361: the modulus has the form that Infineon's key generator
// gave it (Nemec and others, "The Return of Coppersmith's Attack", section 3):
// modulo each of the first primes it is a power of 65537. Of other keys one in
// 240 million looks so too.
bool HasRocaFingerprint(const PublicKey& key);

// Whether Fermat's method finds the factors in `rounds` steps: they are so
// close to each other that anybody can (CVE-2022-26320). 100 rounds take 30 us.
bool HasClosePrimes(const PublicKey& key, int rounds);

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_RSA_WEAKNESS_H_
