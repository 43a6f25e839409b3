// Certificate requests (PKCS #10, RFC 2986).
#ifndef CHANCERY_X509_CERTIFICATE_CSR_H_
#define CHANCERY_X509_CERTIFICATE_CSR_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "crypto/public_key.h"
#include "x509/certificate/names.h"

namespace chancery::x509 {

inline constexpr size_t kMaxCsr = 64 << 10;

// What a request asks for. Only names and key are taken from it; every other
// extension that it asks for is the profile's to give.
struct Csr {
  std::vector<Attribute> subject = {};
  std::vector<AltName> alt_names = {};
  crypto::PublicKey public_key;
};

// Parses and verifies the request's own signature: whoever sent it has the key.
// InvalidArgument names the field: malformed, larger than 64 KiB, a signature
// that does not verify, an unknown attribute type. Unimplemented: a key or
// signature algorithm that is not known.
absl::StatusOr<Csr> ParseCsr(base::Bytes der);

// As ParseCsr, but nobody has shown that they have the key: for what a request
// asks for, before somebody else looks at its signature.
absl::StatusOr<Csr> ParseCsrUnverified(base::Bytes der);

// All names by which it asks to be known: its subjectAltName, and the e-mail
// addresses in its subject.
std::vector<AltName> RequestedNames(const Csr& csr);

}  // namespace chancery::x509

#endif  // CHANCERY_X509_CERTIFICATE_CSR_H_
