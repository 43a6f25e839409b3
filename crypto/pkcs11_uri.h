// RFC 7512 URIs: which token, which key in it, through which module.
//
//   pkcs11:serial=9e1f...;id=%01?module-path=/usr/lib/softhsm/libsofthsm2.so
#ifndef CHANCERY_CRYPTO_PKCS11_URI_H_
#define CHANCERY_CRYPTO_PKCS11_URI_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "crypto/secret_source.h"

namespace chancery::crypto {

// An empty field is one that the URI leaves open.
struct Pkcs11Uri {
  std::string text;  // As it was given; never contains a PIN.

  // The token. `serial` is the safest: middleware renames labels.
  std::string token;  // Its label.
  std::string serial;
  std::string manufacturer;
  std::string model;
  std::optional<uint64_t> slot_id;

  // The key.
  std::string object;  // CKA_LABEL.
  std::string id;      // CKA_ID, bytes.

  std::string module_path;
  SecretSource pin;  // From pin-source=file:/path or pin-source=/path.
};

// InvalidArgument says what is wrong with `text`; also for a pin-value, which
// must not stand in a configuration, and for attributes that p11-kit does not
// know, since a key would be chosen without regard to them.
absl::StatusOr<Pkcs11Uri> ParsePkcs11Uri(absl::string_view text);

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_PKCS11_URI_H_
