// What CFSSL's profiles mean here (docs/policy.md).
#ifndef CHANCERY_POLICY_CFSSL_PROFILES_H_
#define CHANCERY_POLICY_CFSSL_PROFILES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "policy/cfssl/config.h"
#include "policy/lints/selection.h"
#include "policy/profile.h"

namespace chancery::policy::cfssl {

struct Profiles {
  // The default profile is called "default".
  std::vector<Profile> profiles = {};
  // Settings that have no effect here, or one that may surprise, a line each.
  std::vector<std::string> notes = {};
};

// `preset`: the lints of a profile that does not choose. InvalidArgument names
// the field by its path, its value and the rule: what CFSSL refuses, what it
// passes over in silence though it reads like a rule, and what is dangerous.
absl::StatusOr<Profiles> ToProfiles(const Config& config,
                                    const lints::Selection& preset);

}  // namespace chancery::policy::cfssl

#endif  // CHANCERY_POLICY_CFSSL_PROFILES_H_
