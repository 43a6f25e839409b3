// The little that credentials must know of a certificate: its URI names and
// its key. The TLS library judges the rest.
#ifndef CHANCERY_RPC_CERTIFICATE_FILE_H_
#define CHANCERY_RPC_CERTIFICATE_FILE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/bytes.h"

namespace chancery::rpc {

// The DER of each CERTIFICATE block (RFC 7468 section 5) in `pem`, in order;
// text around blocks is skipped. InvalidArgument for a block that does not end
// or is not base64.
absl::StatusOr<std::vector<std::string>> ParsePemCertificates(
    absl::string_view pem);

struct CertificateFacts {
  // uniformResourceIdentifiers of the subjectAltName, in order.
  std::vector<std::string> uris;
  std::string spki;  // DER SubjectPublicKeyInfo.
};

// InvalidArgument if `der` is not a Certificate (RFC 5280 section 4.1).
absl::StatusOr<CertificateFacts> ReadCertificate(base::Bytes der);

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_CERTIFICATE_FILE_H_
