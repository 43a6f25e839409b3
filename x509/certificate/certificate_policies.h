// Under which policies a certificate was issued (RFC 5280 section 4.2.1.4).
#ifndef CHANCERY_X509_CERTIFICATE_CERTIFICATE_POLICIES_H_
#define CHANCERY_X509_CERTIFICATE_CERTIFICATE_POLICIES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/bytes.h"

namespace chancery::x509 {

struct CertificatePolicy {
  std::string oid = {};                        // Dotted.
  std::vector<std::string> cps_urls = {};      // IA5.
  std::vector<std::string> user_notices = {};  // explicitText, UTF-8.
  friend bool operator==(const CertificatePolicy&,
                         const CertificatePolicy&) = default;
};

// Contents of the extension; `policies` are not empty and each is valid. Of one
// policy CPS URLs come first, then notices as UTF8String.
std::string EncodeCertificatePolicies(
    const std::vector<CertificatePolicy>& policies);

// InvalidArgument: malformed, or a policy twice. Other qualifiers, a notice's
// reference, and CPS or notice of another string type are passed over.
absl::StatusOr<std::vector<CertificatePolicy>> ParseCertificatePolicies(
    base::Bytes der);

// InvalidArgument names what is wrong: no OID, a CPS that is no URL of
// printable ASCII, a notice of over 200 characters or with control characters
// (RFC 5280).
absl::Status CheckCertificatePolicy(const CertificatePolicy& policy);

}  // namespace chancery::x509

#endif  // CHANCERY_X509_CERTIFICATE_CERTIFICATE_POLICIES_H_
