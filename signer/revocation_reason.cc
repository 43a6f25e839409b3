#include "signer/revocation_reason.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace chancery::signer {

// 7 is unused in RFC 5280; 8 (removeFromCRL) is what Release does.
absl::Status CheckReason(const Issuer& issuer, int reason) {
  const bool known =
      (reason >= 0 && reason <= 6) || reason == 9 || reason == 10;
  if (!known) {
    return absl::InvalidArgumentError(
        absl::StrCat("reason: ", reason,
                     " is not one of 0-6, 9, 10 (RFC 5280 section 5.3.1)"));
  }
  if (issuer.policy != RevocationPolicy::kBr) return absl::OkStatus();
  constexpr int kAllowed[] = {0, 1, 3, 4, 5, 9};
  if (std::find(std::begin(kAllowed), std::end(kAllowed), reason) ==
      std::end(kAllowed)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "reason: ", reason,
        " is not one of 0, 1, 3, 4, 5, 9 (policy br, section 7.2.2)"));
  }
  return absl::OkStatus();
}

absl::Status CheckReasonFor(const Issuer& issuer,
                            const x509::Certificate& certificate, int reason) {
  RETURN_IF_ERROR(CheckReason(issuer, reason));
  const bool is_ca = certificate.facts().extensions.is_ca.value_or(false);
  if (issuer.policy == RevocationPolicy::kBr && is_ca && reason == 0) {
    return absl::InvalidArgumentError(
        "reason: 0 is not allowed for a CA certificate (policy br, section "
        "7.2.2)");
  }
  return absl::OkStatus();
}

}  // namespace chancery::signer
