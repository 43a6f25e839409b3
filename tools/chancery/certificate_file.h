// Certificates in files, as people hand them to commands.
#ifndef CHANCERY_TOOLS_CHANCERY_CERTIFICATE_FILE_H_
#define CHANCERY_TOOLS_CHANCERY_CERTIFICATE_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "x509/certificate/certificate.h"

namespace chancery::cli {

// The first certificate in `path`, PEM or DER. Errors name the path.
absl::StatusOr<x509::Certificate> LoadCertificateFile(const std::string& path);

// The certificate in `folder`/*.pem whose subject is `name` (DER), the issuer
// of a certificate. NotFound says how to name it instead.
absl::StatusOr<x509::Certificate> FindIssuerFile(const std::string& folder,
                                                 const std::string& name);

std::string CertificatePem(base::Bytes der);

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_CERTIFICATE_FILE_H_
