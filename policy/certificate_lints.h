// Checks on a certificate before it is signed: on the bytes that will be
// signed, read back, not on what was meant (TRUST 2.5).
#ifndef CHANCERY_POLICY_CERTIFICATE_LINTS_H_
#define CHANCERY_POLICY_CERTIFICATE_LINTS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "x509/certificate/certificate.h"

namespace chancery::policy {

struct Lint {
  const char* id;
  const char* source;  // The section that it comes from.
  // Empty when it passes; otherwise what is wrong.
  std::string (*check)(const x509::Certificate& certificate,
                       const x509::Certificate& issuer);
};

// All of them.
const std::vector<Lint>& CertificateLints();

// The first that fails, as InternalError: a certificate of ours that breaks one
// is our fault, never the client's. OK if all pass.
absl::Status LintCertificate(const x509::Certificate& certificate,
                             const x509::Certificate& issuer);

}  // namespace chancery::policy

#endif  // CHANCERY_POLICY_CERTIFICATE_LINTS_H_
