// ECDSA signatures in their two forms: r || s, each of the field's size, as
// PKCS #11 gives them and as we store them; and the DER that X.509 wants.
//
//   raw  = r || s, big-endian, zero-padded: 64, 96 or 132 bytes
//   DER  = Ecdsa-Sig-Value ::= SEQUENCE { r INTEGER, s INTEGER }  (RFC 5480)
#ifndef CHANCERY_CRYPTO_ECDSA_SIGNATURE_H_
#define CHANCERY_CRYPTO_ECDSA_SIGNATURE_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "base/bytes.h"

namespace chancery::crypto {

// Bytes of r or of s.
constexpr size_t kP256ScalarSize = 32;
constexpr size_t kP384ScalarSize = 48;

// Of the DER form of a P-384 signature.
constexpr size_t kMaxP384SignatureDer = 104;

// The DER of `raw`, which has an even number of bytes, up to 132.
// InvalidArgument for another size or if r or s is zero. Whether they are below
// the order is not checked.
absl::StatusOr<std::string> EcdsaSignatureToDer(base::Bytes raw);

// As above, appended to `out`, for those who build many: the caller has checked
// `raw`.
void AppendEcdsaSignatureDer(base::Bytes raw, std::string& out);

// The inverse: 2 * `scalar_size` bytes. InvalidArgument unless `der` is the one
// DER encoding (shortest lengths, no needless 00 octets, nothing after it) of
// two positive numbers that fit. So EcdsaSignatureToDer gives `der` again.
absl::StatusOr<std::string> EcdsaSignatureFromDer(base::Bytes der,
                                                  size_t scalar_size);

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_ECDSA_SIGNATURE_H_
