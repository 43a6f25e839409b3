// The rules about certificates, a list for each set and part of a certificate.
#ifndef CHANCERY_POLICY_LINTS_CERTIFICATE_RULES_H_
#define CHANCERY_POLICY_LINTS_CERTIFICATE_RULES_H_

#include <vector>

#include "policy/lints/certificate_view.h"
#include "policy/lints/lint.h"

namespace chancery::policy::lints {

using CertificateLint = Lint<CertificateView>;
using CertificateRules = std::vector<CertificateLint>;

// RFC 5280 sections 4.1 (but names) and 4.2 (but single extensions).
CertificateRules Rfc5280CertificateBody();
// RFC 5280 sections 4.1.2.4 and 4.1.2.6, appendix A.
CertificateRules Rfc5280CertificateNames();
// RFC 5280 section 4.2: keys, their use, constraints.
CertificateRules Rfc5280CertificateUsage();
// RFC 5280 section 4.2: policies, other names, where to look further.
CertificateRules Rfc5280CertificateReferences();
// RFC 8813: uses of elliptic curve keys.
CertificateRules Rfc8813Certificate();
// Baseline Requirements, all certificates: keys, algorithms, encodings.
CertificateRules BrCertificate();
// Those of TLS servers.
CertificateRules BrServerCertificate();
// Those of CAs and of OCSP responders; precertificates.
CertificateRules BrCaCertificate();

}  // namespace chancery::policy::lints

#endif  // CHANCERY_POLICY_LINTS_CERTIFICATE_RULES_H_
