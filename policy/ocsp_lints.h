// The lints of OCSP responses (RFC 6960 section 4.2, RFC 5019, Baseline
// Requirements sections 4.9 and 7.3), for one of each template and status form.
#ifndef CHANCERY_POLICY_OCSP_LINTS_H_
#define CHANCERY_POLICY_OCSP_LINTS_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "policy/lint.h"
#include "x509/certificate/certificate.h"
#include "x509/ocsp/response.h"

namespace chancery::policy {

// What a response is held against. That its times are GeneralizedTime is
// ParseOcspResponse's to check.
struct OcspFrame {
  const x509::Certificate& issuer;
  const x509::Certificate& signer;  // `issuer` itself, or its delegate.
  absl::Time now;
  bool br = false;  // The issuer's policy is `br`.
};

using OcspLint = Lint<x509::OcspResponse, OcspFrame>;

// All of them.
const std::vector<OcspLint>& OcspLints();

// InternalError names the first that fails.
absl::Status LintOcspResponse(const x509::OcspResponse& response,
                              const OcspFrame& frame);

}  // namespace chancery::policy

#endif  // CHANCERY_POLICY_OCSP_LINTS_H_
