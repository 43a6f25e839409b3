#ifndef CHANCERY_POLICY_DNS_NAME_H_
#define CHANCERY_POLICY_DNS_NAME_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace chancery::policy {

// `name` in lower case, if it is a host name as certificates may hold it (RFC
// 1123 section 2.1, RFC 5280 section 4.2.1.6): labels of 1 to 63 letters,
// digits and hyphens, not at the edges; 253 characters at most; no address, no
// final dot. A label that has hyphens as its third and fourth characters must
// be an A-label (a_label.h). A wildcard is "*" as the whole first label, above
// at least two others. InvalidArgument names the rule.
absl::StatusOr<std::string> NormalizeDnsName(absl::string_view name,
                                             bool allow_wildcard);

}  // namespace chancery::policy

#endif  // CHANCERY_POLICY_DNS_NAME_H_
