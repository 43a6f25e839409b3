// The names of CRLReason, RFC 5280 section 5.3.1, for people.
#ifndef CHANCERY_X509_CRL_REASON_H_
#define CHANCERY_X509_CRL_REASON_H_

#include <string>

#include "absl/strings/string_view.h"

namespace chancery::x509 {

// "keyCompromise" for 1, as the RFC spells it; empty for what is none. 7 is not
// used.
absl::string_view CrlReasonName(int reason);

// The name, or the number of what has none: "keyCompromise", "7".
std::string CrlReasonText(int reason);

}  // namespace chancery::x509

#endif  // CHANCERY_X509_CRL_REASON_H_
