#include "policy/br_revocation.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace chancery::policy::br {
namespace {

constexpr absl::Duration kDay = absl::Hours(24);

absl::Status Breaks(const char* section, absl::string_view rule,
                    absl::Duration found) {
  return absl::InvalidArgumentError(absl::StrCat(
      rule, ", not ", absl::FormatDuration(found),
      " (policy br, Baseline Requirements section ", section, ")"));
}

}  // namespace

absl::Duration Inclusive(absl::Time this_update, absl::Time next_update) {
  return next_update - this_update + absl::Seconds(1);
}

absl::Duration MaxCrlValidity(Covers covers) {
  // Section 7.2: "For CRLs covering Subscriber Certificates, at most 10 days
  // after the thisUpdate. For other CRLs, at most 12 months after the
  // thisUpdate." A month has 28 to 31 days; 12 of them at least 365.
  return covers == Covers::kSubscribers ? 10 * kDay : 365 * kDay;
}

absl::Status CheckOcspValidity(absl::Duration validity) {
  // "OCSP responses MUST have a validity interval greater than or equal to
  // eight hours"
  if (validity < kMinOcspValidity) {
    return Breaks("4.9.9", "an OCSP response is valid for at least 8 hours",
                  validity);
  }
  // "OCSP responses MUST have a validity interval less than or equal to ten
  // days"
  if (validity > kMaxOcspValidity) {
    return Breaks("4.9.9", "an OCSP response is valid for at most 10 days",
                  validity);
  }
  return absl::OkStatus();
}

absl::Status CheckCrlValidity(absl::Duration validity, Covers covers) {
  if (validity <= MaxCrlValidity(covers)) return absl::OkStatus();
  return covers == Covers::kSubscribers
             ? Breaks("7.2", "a CRL is valid for at most 10 days", validity)
             : Breaks("7.2",
                      "a CRL of CA certificates is valid for at most 365 "
                      "days",
                      validity);
}

absl::Time OcspUpdateBy(absl::Time this_update, absl::Time next_update) {
  const absl::Duration validity = Inclusive(this_update, next_update);
  // "For OCSP responses with validity intervals less than sixteen hours, then
  // the CA SHALL update the information provided via an Online Certificate
  // Status Protocol prior to one-half of the validity period before the
  // nextUpdate."
  if (validity < absl::Hours(16)) return next_update - validity / 2;
  // "For OCSP responses with validity intervals greater than or equal to
  // sixteen hours, then the CA SHALL update the information [...] at least
  // eight hours prior to the nextUpdate, and no later than four days after the
  // thisUpdate."
  return std::min(next_update - absl::Hours(8), this_update + 4 * kDay);
}

absl::Time CrlUpdateBy(absl::Time this_update) {
  // "MUST update and publish a new CRL at least every: seven (7) days if all
  // Certificates include an Authority Information Access extension with an
  // id-ad-ocsp accessMethod [...]; or four (4) days in all other cases"
  return this_update + 4 * kDay;
}

absl::Status CheckReason(int reason, bool is_ca) {
  // Section 7.2.2 has reasons 1, 3, 4, 5, 9; "unspecified (0)" is said "by the
  // omission of the reasonCode"; "certificateHold (6) MUST NOT" (and section
  // 4.9.13: "The Repository MUST NOT include entries that indicate that a
  // Certificate is suspended"); the others are not there.
  constexpr int kAllowed[] = {0, 1, 3, 4, 5, 9};
  if (std::find(std::begin(kAllowed), std::end(kAllowed), reason) ==
      std::end(kAllowed)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "reason: ", reason,
        " is not one of 0, 1, 3, 4, 5, 9 (policy br, Baseline Requirements "
        "section 7.2.2)"));
  }
  // Section 7.3: "If an OCSP response is for a Root CA or Subordinate CA
  // Certificate [...] and that certificate has been revoked, then the
  // revocationReason field within the RevokedInfo of the CertStatus MUST be
  // present."
  if (is_ca && reason == 0) {
    return absl::InvalidArgumentError(
        "reason: 0 is not allowed for a CA certificate (policy br, Baseline "
        "Requirements section 7.3)");
  }
  return absl::OkStatus();
}

absl::Status CheckIsFullCrl(bool is_delta) {
  if (!is_delta) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "no delta CRL (policy br, TRUST 7; Baseline Requirements section 7.2: "
      "other extensions are not recommended)");
}

absl::Status CheckCertificateLifetime(absl::Duration lifetime) {
  if (lifetime >= kMinOcspValidity) return absl::OkStatus();
  return Breaks("4.9.9",
                "a certificate lives for at least as long as its first OCSP "
                "response, 8 hours",
                lifetime);
}

}  // namespace chancery::policy::br
