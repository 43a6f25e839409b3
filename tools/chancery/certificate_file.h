// Certificates in files, as people hand them to commands.
#ifndef CHANCERY_TOOLS_CHANCERY_CERTIFICATE_FILE_H_
#define CHANCERY_TOOLS_CHANCERY_CERTIFICATE_FILE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/bytes.h"

namespace chancery::cli {

// What commands need of a certificate. Signatures are not checked.
struct CertificateFile {
  std::string der;
  std::string serial;   // Magnitude, no leading zero octets.
  std::string issuer;   // Name, DER.
  std::string subject;  // Name, DER.
  std::string spki;     // SubjectPublicKeyInfo, DER.
  absl::Time not_before, not_after;
  std::vector<std::string> extended_key_usage;  // OIDs, contents octets.
  std::string tbs, algorithm, signature;  // Whole DER; whole DER; X.509 form.
};

// OK when the key of `issuer` signed `certificate`. Names, dates and uses are
// for the caller to compare.
absl::Status CheckSignature(const CertificateFile& certificate,
                            const CertificateFile& issuer);

// InvalidArgument if `der` is not a certificate.
absl::StatusOr<CertificateFile> ParseCertificateFile(base::Bytes der);

// The first certificate in `path`, PEM or DER. Errors name the path.
absl::StatusOr<CertificateFile> LoadCertificateFile(const std::string& path);

// The certificate in `folder`/*.pem whose subject is `name`, the issuer of a
// certificate. NotFound says how to name it instead.
absl::StatusOr<CertificateFile> FindIssuerFile(const std::string& folder,
                                               const std::string& name);

// RFC 7468, with "-----BEGIN <label>-----".
std::string Pem(const std::string& label, base::Bytes der);
std::string CertificatePem(base::Bytes der);

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_CERTIFICATE_FILE_H_
