// The rules about OCSP responses. None of RFC 9919 is about an error's five
// octets.
#ifndef CHANCERY_POLICY_LINTS_OCSP_RULES_H_
#define CHANCERY_POLICY_LINTS_OCSP_RULES_H_

#include <vector>

#include "policy/lints/lint.h"
#include "policy/lints/ocsp_view.h"

namespace chancery::policy::lints {

using OcspLint = Lint<OcspView>;
using OcspRules = std::vector<OcspLint>;

// RFC 6960 section 4.2: the response as a whole, its signer, its extensions.
OcspRules Rfc6960Ocsp();
// Of each SingleResponse.
OcspRules Rfc6960OcspSingle();
// RFC 9919 section 3.2; RFC 9654 section 2.1.
OcspRules Rfc9919Ocsp();
// Baseline Requirements sections 4.9.9 and 7.3.
OcspRules BrOcsp();

}  // namespace chancery::policy::lints

#endif  // CHANCERY_POLICY_LINTS_OCSP_RULES_H_
