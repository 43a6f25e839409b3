#include "x509/crl/reason.h"

#include "absl/strings/str_cat.h"

namespace chancery::x509 {

absl::string_view CrlReasonName(int reason) {
  switch (reason) {
    // CRLReason ::= ENUMERATED {
    case 0:
      return "unspecified";
    case 1:
      return "keyCompromise";
    case 2:
      return "cACompromise";
    case 3:
      return "affiliationChanged";
    case 4:
      return "superseded";
    case 5:
      return "cessationOfOperation";
    case 6:
      return "certificateHold";
    //   -- value 7 is not used
    case 8:
      return "removeFromCRL";
    case 9:
      return "privilegeWithdrawn";
    case 10:
      return "aACompromise";
    default:
      return "";
  }
}

std::string CrlReasonText(int reason) {
  const absl::string_view name = CrlReasonName(reason);
  return name.empty() ? absl::StrCat(reason) : std::string(name);
}

}  // namespace chancery::x509
