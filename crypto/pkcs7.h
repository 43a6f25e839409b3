// PKCS #7 (RFC 2315), ".p7b": certificates in a SignedData that nobody signed
// (section 9.1, note 1; RFC 5652 section 5.2, "degenerate").
#ifndef CHANCERY_CRYPTO_PKCS7_H_
#define CHANCERY_CRYPTO_PKCS7_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/bytes.h"

namespace chancery::crypto {

// DER, but that the SET OF certificates keeps their order, as other writers do:
// people look for the end entity's first.
std::string EncodePkcs7(const std::vector<std::string>& certificates);

// The certificates (DER) of a SignedData in DER or BER, signed or not, in its
// order; no signature is looked at, and anything else in it is passed over.
// InvalidArgument: malformed, another content type, or over 16 MiB.
absl::StatusOr<std::vector<std::string>> ReadPkcs7(base::Bytes file);

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_PKCS7_H_
