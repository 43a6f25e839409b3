#ifndef CHANCERY_CRYPTO_PKCS8_FORM_H_
#define CHANCERY_CRYPTO_PKCS8_FORM_H_

namespace chancery::crypto {

// How PKCS #8 (RFC 5958) is written, and how its key is made from a password.
struct Pkcs8Form {
  enum class Derivation {
    // HMAC-SHA-256, 600,000 rounds: OWASP's advice, a quarter of a second.
    kPbkdf2,
    // N 16,384, r 8, p 5 (16 MiB): OWASP's advice that OpenSSL, which refuses
    // more than 32 MiB, still reads.
    kScrypt,
  };
  bool der = false;  // Else PEM.
  Derivation derivation = Derivation::kPbkdf2;
};

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_PKCS8_FORM_H_
