// The rules about CRLs.
#ifndef CHANCERY_POLICY_LINTS_CRL_RULES_H_
#define CHANCERY_POLICY_LINTS_CRL_RULES_H_

#include <vector>

#include "policy/lints/crl_view.h"
#include "policy/lints/lint.h"

namespace chancery::policy::lints {

using CrlLint = Lint<CrlView>;
using CrlRules = std::vector<CrlLint>;

// RFC 5280 sections 5.1 and 5.2.
CrlRules Rfc5280Crl();
// RFC 5280 sections 5.1.2.6 and 5.3.
CrlRules Rfc5280CrlEntries();
// Baseline Requirements section 7.2.
CrlRules BrCrl();

}  // namespace chancery::policy::lints

#endif  // CHANCERY_POLICY_LINTS_CRL_RULES_H_
