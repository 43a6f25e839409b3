// Which names a profile lets a request have.
#ifndef CHANCERY_POLICY_CHECK_NAMES_H_
#define CHANCERY_POLICY_CHECK_NAMES_H_

#include <vector>

#include "absl/status/statusor.h"
#include "policy/profile.h"
#include "x509/certificate/names.h"

namespace chancery::policy {

// `asked` as a certificate holds them: in their normal form, each once, in
// their order. InvalidArgument names the name and the rule that it breaks: too
// many of them, a form that its kind does not have, or one that `profile` does
// not allow.
absl::StatusOr<std::vector<x509::AltName>> CheckNames(
    const Profile& profile, const std::vector<x509::AltName>& asked);

}  // namespace chancery::policy

#endif  // CHANCERY_POLICY_CHECK_NAMES_H_
