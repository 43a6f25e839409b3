#ifndef CHANCERY_POLICY_URI_NAME_H_
#define CHANCERY_POLICY_URI_NAME_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace chancery::policy {

// OK for scheme://host[:port][/path] of at most 2,048 characters that RFC 3986
// allows. The host is a name (underscores too, as SPIFFE trust domains have
// them) or an address; user information is refused, and so is an empty host
// (RFC 5280 section 4.2.1.6). InvalidArgument names the rule.
absl::Status CheckUriName(absl::string_view uri);

}  // namespace chancery::policy

#endif  // CHANCERY_POLICY_URI_NAME_H_
