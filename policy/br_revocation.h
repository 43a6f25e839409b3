// Policy `br`: what the CA/Browser Forum's Baseline Requirements (TLS, 2.2.6)
// say of OCSP responses, CRLs and reasons, as checks. The one place for these
// limits: configuration, the signers' last look at what they signed, the lints
// and the alerts ask here. docs/policy-br.md has the whole table.
//
// "Inclusive": an interval counts both its ends, so that a response from
// 00:00:00 to 07:59:59 is valid for eight hours.
//
// Every check returns OK or InvalidArgument, which names the section.
#ifndef CHANCERY_POLICY_BR_REVOCATION_H_
#define CHANCERY_POLICY_BR_REVOCATION_H_

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace chancery::policy::br {

// What a CRL, or an issuer's certificates, are for.
enum class Covers { kSubscribers, kCaCertificates };

// Section 4.9.9.
inline constexpr absl::Duration kMinOcspValidity = absl::Hours(8);
inline constexpr absl::Duration kMaxOcspValidity = absl::Hours(24 * 10);
// Sections 7.2 and 4.9.7.
absl::Duration MaxCrlValidity(Covers covers);
// Section 4.9.7: a CRL after a revocation. Ours comes within 15 minutes (TRUST
// 7).
inline constexpr absl::Duration kCrlAfterRevocation = absl::Hours(24);

// How long something is valid, both ends counted.
absl::Duration Inclusive(absl::Time this_update, absl::Time next_update);

// Section 4.9.9, of a response for a subscriber's certificate: 8 hours to 10
// days.
absl::Status CheckOcspValidity(absl::Duration validity);
// Section 7.2: 10 days, or 12 months.
absl::Status CheckCrlValidity(absl::Duration validity, Covers covers);

// By when a newer response must be there (section 4.9.9).
absl::Time OcspUpdateBy(absl::Time this_update, absl::Time next_update);
// By when a newer CRL must be there (section 4.9.7). Four days: the seven that
// are allowed where every certificate names a responder are not made use of,
// since what was imported or issued under an older configuration may not.
absl::Time CrlUpdateBy(absl::Time this_update);

// Sections 4.9.13 and 7.2.2: 0, 1, 3, 4, 5, 9; and 0 not for a CA certificate
// (section 7.3).
absl::Status CheckReason(int reason, bool is_ca);

// Section 7.2.2: delta CRLs are not in the profile (TRUST 7).
absl::Status CheckIsFullCrl(bool is_delta);

// A profile whose certificates could not have a response of 8 hours that ends
// with them is refused: `lifetime` is from issuance to notAfter.
absl::Status CheckCertificateLifetime(absl::Duration lifetime);

}  // namespace chancery::policy::br

#endif  // CHANCERY_POLICY_BR_REVOCATION_H_
