#ifndef CHANCERY_POLICY_A_LABEL_H_
#define CHANCERY_POLICY_A_LABEL_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace chancery::policy {

// OK if `label`, which begins with xn-- in any case, is the A-label of an
// internationalised label: it decodes to one that IDNA 2008 allows (RFC 5891
// section 4.2), and that encodes to it again. InvalidArgument is the rule
// alone; the caller knows the name.
absl::Status CheckALabel(absl::string_view label);

}  // namespace chancery::policy

#endif  // CHANCERY_POLICY_A_LABEL_H_
