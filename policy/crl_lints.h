// The lints of CRLs (RFC 5280 section 5, Baseline Requirements section 7.2).
#ifndef CHANCERY_POLICY_CRL_LINTS_H_
#define CHANCERY_POLICY_CRL_LINTS_H_

#include <cstdint>
#include <optional>
#include <string>
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
  uint64_t previous_number = 0;       // Of the scope's newest before it.
  std::optional<br::Covers> br = {};  // Of an issuer of policy `br`.
  // Of a shard, and of its deltas: the URL that its certificates name. Empty:
  // the scope is all that the issuer issued.
  std::string distribution_point = {};
  std::optional<uint64_t> base_number = {};  // Of a delta.
  std::string freshest_url = {};             // Of a full CRL with deltas.
};

// What an entry is held against.
struct CrlEntryFrame {
  base::Bytes serial_before = {};  // Empty for the first.
  absl::Time this_update = {};
  bool is_delta = false;
  std::optional<br::Covers> br = {};  // As in CrlFrame.
};

using CrlLint = Lint<x509::Crl, CrlFrame>;
using CrlEntryLint = Lint<x509::CrlEntry, CrlEntryFrame>;

// Of all but the entries, and of each entry.
const std::vector<CrlLint>& CrlLints();
const std::vector<CrlEntryLint>& CrlEntryLints();

// InternalError names the first that fails. Neither looks at the signature, or
// whether the entries are those that should be there.
absl::Status LintCrlHead(const x509::Crl& crl, const CrlFrame& frame);
absl::Status LintCrlEntry(const x509::CrlEntry& entry,
                          const CrlEntryFrame& frame);

// Both, for all entries, and the signature.
absl::Status LintCrl(const x509::Crl& crl, const CrlFrame& frame);

}  // namespace chancery::policy

#endif  // CHANCERY_POLICY_CRL_LINTS_H_
