// When responses and CRLs are valid, and when they are signed again (TRUST 5
// and 7). Pure functions of times.
#ifndef CHANCERY_SIGNER_SCHEDULE_H_
#define CHANCERY_SIGNER_SCHEDULE_H_

#include <cstdint>

#include "absl/time/time.h"

namespace chancery::signer {

// A `good` record of a certificate that expires sooner than this is not signed
// again; a revoked one lives at least this long.
inline constexpr absl::Duration kLastRefresh = absl::Hours(8);

// After this much of a validity L a response is signed again:
// min(L/2, L - 8 h, 4 d - 8 h). Of an L of 16 h or less, 7/16 of it: by half of
// it the next one has to be there, not to be begun (policy/br_revocation.h).
absl::Duration RefreshAfter(absl::Duration validity);

struct ResponseTimes {
  absl::Time this_update;
  absl::Time next_update;
};

// The times of a `good` record: next_update = min(this_update + L - 1 s,
// not_after, signer_not_after).
ResponseTimes GoodTimes(absl::Time this_update, absl::Duration validity,
                        absl::Time not_after, absl::Time signer_not_after);

// The times of a `revoked` record, which the certificate's own end never
// clamps.
ResponseTimes RevokedTimes(absl::Time this_update, absl::Duration validity,
                           absl::Time signer_not_after);

// A new CRL every 4 days, begun 8 hours before; sooner if it is valid for less
// than 8 days.
absl::Duration CrlRefreshAfter(absl::Duration validity);

// A lifetime in days, rounded up to a power of two: a block's members are of
// one class, so that they expire together.
uint32_t LifetimeClass(absl::Duration lifetime);

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_SCHEDULE_H_
