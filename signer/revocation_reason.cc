#include "signer/revocation_reason.h"

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "policy/br_revocation.h"

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
  return policy::br::CheckReason(reason, /*is_ca=*/false);
}

bool DependsOnCertificate(const Issuer& issuer, int reason) {
  return issuer.policy == RevocationPolicy::kBr && reason == 0;
}

absl::Status CheckReasonFor(const Issuer& issuer,
                            const x509::Certificate& certificate, int reason) {
  RETURN_IF_ERROR(CheckReason(issuer, reason));
  if (issuer.policy != RevocationPolicy::kBr) return absl::OkStatus();
  return policy::br::CheckReason(
      reason, certificate.facts().extensions.is_ca.value_or(false));
}

}  // namespace chancery::signer
