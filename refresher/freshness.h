// How old what is published is, at its worst.
#ifndef CHANCERY_REFRESHER_FRESHNESS_H_
#define CHANCERY_REFRESHER_FRESHNESS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/inventory.h"

namespace chancery::refresher {

// Of a set of responses or CRLs: the extremes, each of whichever it is.
struct Oldest {
  absl::Time this_update = absl::InfiniteFuture();  // That: there are none.
  absl::Time next_update = absl::InfiniteFuture();
  absl::Time refresh_at = absl::InfiniteFuture();
  // 0 while nothing is due; 1 when something due has not been replaced by the
  // time that the Baseline Requirements set (policy/br_revocation.h).
  double slack_used = 0;
};

// The part of the time from `refresh_at` to `deadline` that has passed at
// `now`; 0 before. An empty stretch is used up once it begins.
double SlackUsed(absl::Time refresh_at, absl::Time deadline, absl::Time now);

// Of all blocks that are refreshed. Unavailable: the inventory.
absl::StatusOr<Oldest> OldestResponses(storage::BlockStore& blocks,
                                       absl::Time now);

Oldest OldestCrls(const std::vector<storage::CrlRow>& crls, absl::Time now);

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_FRESHNESS_H_
