// PKCS #12 (RFC 7292), ".p12" or ".pfx": a private key and its certificates in
// one file under a password, which Windows, Java and browsers import.
#ifndef CHANCERY_CRYPTO_PKCS12_H_
#define CHANCERY_CRYPTO_PKCS12_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "base/secret.h"
#include "crypto/password_limits.h"
#include "crypto/portable_key.h"

namespace chancery::crypto {

struct Pkcs12 {
  std::optional<PortableKey> key = {};
  // DER. With a key, the first is the key's.
  std::vector<std::string> certificates = {};
  // UTF-8; what Java calls an alias. May be empty.
  std::string friendly_name = {};
};

enum class Pkcs12Protection {
  // PBES2 with AES-256-CBC and PBKDF2 (HMAC-SHA-256), MAC with SHA-256, 250,000
  // rounds each: .NET refuses more than 300,000 for one and 1,000,000 in all.
  // Windows 10 1709, Java 8u301, OpenSSL 1.1 and later read it.
  kModern,
  // RFC 7292's triple DES, MAC with SHA-1, 2,048 rounds: what everything reads,
  // and no protection against who has the file and a day.
  kLegacy,
};

// Java lists certificates without a key only if they are marked as trusted, as
// those of a file without a key are here.
// InvalidArgument: an empty password or one that is not UTF-8, no certificate,
// something that is not one, or a key that is not the first certificate's.
absl::StatusOr<base::Secret> EncodePkcs12(const Pkcs12& contents,
                                          const base::Secret& password,
                                          Pkcs12Protection protection);

// DER or BER (as NSS and Windows write), with any of the encryptions that were
// ever usual, down to RC2 with 40 bits. Certificates come in the file's order.
// `password` may be null for a file under an empty one.
// InvalidArgument: malformed, several keys, dearer to open than `limits`, or a
// key as in PortableKey. PermissionDenied: the password is wrong or missing.
// Unimplemented: protected otherwise than by a password.
absl::StatusOr<Pkcs12> ReadPkcs12(base::Bytes file,
                                  const base::Secret* password,
                                  const PasswordLimits& limits = {});

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_PKCS12_H_
