#ifndef CHANCERY_POLICY_CFSSL_USAGES_H_
#define CHANCERY_POLICY_CFSSL_USAGES_H_

#include <string>

#include "absl/status/status.h"
#include "policy/profile.h"

namespace chancery::policy::cfssl {

// Adds what CFSSL calls `usage` ("signing", "server auth", ...; or a dotted
// OID, which CFSSL does not know) to key usages or extended key usages.
// InvalidArgument is the rule alone: not one of them, or one that no profile
// gives.
absl::Status AddUsage(const std::string& usage, Profile& profile);

}  // namespace chancery::policy::cfssl

#endif  // CHANCERY_POLICY_CFSSL_USAGES_H_
