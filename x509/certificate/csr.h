// Certificate requests (PKCS #10, RFC 2986).
#ifndef CHANCERY_X509_CERTIFICATE_CSR_H_
#define CHANCERY_X509_CERTIFICATE_CSR_H_

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "crypto/public_key.h"
#include "crypto/verify_together.h"
#include "x509/certificate/names.h"

namespace chancery::x509 {

inline constexpr size_t kMaxCsr = 64 << 10;
inline constexpr size_t kMaxCsrExtensions = 64;

// An extension that a request asks for, not looked at yet.
struct RequestedExtension {
  std::string oid = {};  // Dotted.
  bool critical = false;
  std::string value = {};  // What is in its OCTET STRING.
  friend bool operator==(const RequestedExtension&,
                         const RequestedExtension&) = default;
};

// What a request asks for. What of it a certificate gets is policy's to say.
struct Csr {
  std::vector<Attribute> subject = {};
  std::vector<AltName> alt_names = {};
  crypto::PublicKey public_key;
  // But for the subjectAltName.
  std::vector<RequestedExtension> extensions = {};
};

using KeyCheck = absl::FunctionRef<absl::Status(const crypto::PublicKey&)>;

// Parses and verifies the request's own signature: whoever sent it has the key.
// `check_key` is asked before: of a key that is none, or too weak, a signature
// proves nothing, and it says what is wrong with it.
// InvalidArgument names the field: malformed, larger than 64 KiB, more than 64
// extensions or one of them twice, a signature that does not verify.
// Unimplemented: a key or signature algorithm that is not known.
absl::StatusOr<Csr> ParseCsr(base::Bytes der, KeyCheck check_key);
absl::StatusOr<Csr> ParseCsr(base::Bytes der);

// As ParseCsr, but its own signature is still to be verified, by the caller,
// who has several of them at once.
struct UnprovenCsr {
  Csr csr;
  crypto::SignatureClaim proof;  // Of bytes of what was parsed.
};
absl::StatusOr<UnprovenCsr> ParseCsrToProve(base::Bytes der,
                                            KeyCheck check_key);
// What ParseCsr says if `verified`, of its proof, is an error.
absl::Status CheckProven(const absl::Status& verified);

// All names by which a request asks to be known: its subjectAltName, and the
// e-mail addresses in its subject. Neither its key nor its signature is looked
// at: for who may ask for what, before somebody else parses the request.
// InvalidArgument: malformed otherwise, as ParseCsr says it.
absl::StatusOr<std::vector<AltName>> ParseRequestedNames(base::Bytes der);

}  // namespace chancery::x509

#endif  // CHANCERY_X509_CERTIFICATE_CSR_H_
