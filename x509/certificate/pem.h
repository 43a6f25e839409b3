// PEM (RFC 7468): text around DER.
#ifndef CHANCERY_X509_CERTIFICATE_PEM_H_
#define CHANCERY_X509_CERTIFICATE_PEM_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/bytes.h"

namespace chancery::x509 {

std::string EncodePem(absl::string_view label, base::Bytes der);

// The contents of every block with this label, in order; other text and other
// labels are passed over. InvalidArgument: a block without an end, an empty
// one, or one with something that is not padded base64 in lines.
absl::StatusOr<std::vector<std::string>> DecodePem(absl::string_view label,
                                                   absl::string_view text);

// DER (of 128 bytes or more, as certificates, requests and CRLs are), or the
// one PEM block with this label in `input`; "NEW CERTIFICATE REQUEST" passes
// for "CERTIFICATE REQUEST" (RFC 7468 section 7). InvalidArgument: several or
// none.
absl::StatusOr<std::string> DerOrPem(absl::string_view label,
                                     absl::string_view input);

}  // namespace chancery::x509

#endif  // CHANCERY_X509_CERTIFICATE_PEM_H_
