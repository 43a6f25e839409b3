// From when until when a certificate is valid.
#ifndef CHANCERY_POLICY_VALIDITY_H_
#define CHANCERY_POLICY_VALIDITY_H_

#include <optional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "policy/profile.h"

namespace chancery::policy {

// What a request asks for; absent: as the profile says.
struct AskedValidity {
  std::optional<absl::Time> not_before = {}, not_after = {};
};

// Whole seconds; both ends belong to it (RFC 5280 section 4.1.2.5).
struct Validity {
  absl::Time not_before = absl::UnixEpoch();
  absl::Time not_after = absl::UnixEpoch();
};

// The profile's validity at `now`, which ends with its issuer's at
// `issuer_not_after`, or the part of it that is asked for.
// InvalidArgument: what is asked for is not within it; the message names the
// field, its value and the limit. FailedPrecondition: the issuer, or the
// profile's fixed date, has expired.
absl::StatusOr<Validity> ChooseValidity(const Profile& profile,
                                        absl::Time issuer_not_after,
                                        const AskedValidity& asked,
                                        absl::Time now);

}  // namespace chancery::policy

#endif  // CHANCERY_POLICY_VALIDITY_H_
