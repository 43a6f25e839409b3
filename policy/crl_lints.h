// The lints of CRLs (RFC 5280 section 5, Baseline Requirements section 7.2).
#ifndef CHANCERY_POLICY_CRL_LINTS_H_
#define CHANCERY_POLICY_CRL_LINTS_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "policy/br_revocation.h"
#include "policy/lint.h"
#include "x509/certificate/certificate.h"
#include "x509/crl/crl.h"

namespace chancery::policy {

// What a CRL is held against.
struct CrlFrame {
  const x509::Certificate& issuer;
  absl::Time now;                     // When the ledger was read.
  uint64_t previous_number = 0;       // Of the CRL that it replaces.
  std::optional<br::Covers> br = {};  // Of an issuer of policy `br`.
};

using CrlLint = Lint<x509::Crl, CrlFrame>;

// All of them. Those on entries each go over all entries.
const std::vector<CrlLint>& CrlLints();

// InternalError names the first that fails. Whether the entries are those that
// should be there is for the caller to check.
absl::Status LintCrl(const x509::Crl& crl, const CrlFrame& frame);

}  // namespace chancery::policy

#endif  // CHANCERY_POLICY_CRL_LINTS_H_
