// The lints of certificates (RFC 5280 section 4, Baseline Requirements section
// 7.1).
#ifndef CHANCERY_POLICY_CERTIFICATE_LINTS_H_
#define CHANCERY_POLICY_CERTIFICATE_LINTS_H_

#include <vector>

#include "absl/status/status.h"
#include "policy/lint.h"
#include "x509/certificate/certificate.h"

namespace chancery::policy {

// Of a certificate and its issuer's. That the version is 3, both signature
// algorithms agree, the serial is positive and no extension is there twice is
// Certificate::Parse's to check.
using CertificateLint = Lint<x509::Certificate, x509::Certificate>;

// All of them.
const std::vector<CertificateLint>& CertificateLints();

// InternalError names the first that fails.
absl::Status LintCertificate(const x509::Certificate& certificate,
                             const x509::Certificate& issuer);

}  // namespace chancery::policy

#endif  // CHANCERY_POLICY_CERTIFICATE_LINTS_H_
