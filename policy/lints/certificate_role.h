// What a certificate is for, as the profiles of the Baseline Requirements
// (section 7.1.2) divide them. None of a client's, a mail user's.
#ifndef CHANCERY_POLICY_LINTS_CERTIFICATE_ROLE_H_
#define CHANCERY_POLICY_LINTS_CERTIFICATE_ROLE_H_

#include "absl/strings/string_view.h"
#include "policy/lints/certificate_view.h"

namespace chancery::policy::lints {

// A CA that names itself as its issuer (7.1.2.1).
bool IsRoot(const CertificateView& certificate);
// Another CA (7.1.2.2 to 7.1.2.6).
bool IsSubordinate(const CertificateView& certificate);
// A CA below which TLS servers are certified (7.1.2.6).
bool IsServerCa(const CertificateView& certificate);
// An OCSP responder that a CA delegated (7.1.2.8).
bool IsResponder(const CertificateView& certificate);
// A TLS server (7.1.2.7): no CA and no responder, and extKeyUsage, where there
// is one, has serverAuth or anyExtendedKeyUsage.
bool IsServer(const CertificateView& certificate);

// Section 7.1.6.1.
bool IsReservedPolicy(absl::string_view oid);

}  // namespace chancery::policy::lints

#endif  // CHANCERY_POLICY_LINTS_CERTIFICATE_ROLE_H_
