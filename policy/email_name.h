#ifndef CHANCERY_POLICY_EMAIL_NAME_H_
#define CHANCERY_POLICY_EMAIL_NAME_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace chancery::policy {

// `address` with its host in lower case, if it is local@host (RFC 5280 section
// 4.2.1.6): the local part a dot-string of 1 to 64 characters (RFC 5321 section
// 4.1.2; quoted ones are refused), the host as NormalizeDnsName allows.
// InvalidArgument names the rule.
absl::StatusOr<std::string> NormalizeEmailName(absl::string_view address);

}  // namespace chancery::policy

#endif  // CHANCERY_POLICY_EMAIL_NAME_H_
