#ifndef CHANCERY_REFRESHER_FRESHNESS_STRIP_H_
#define CHANCERY_REFRESHER_FRESHNESS_STRIP_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "refresher/freshness_cell.h"
#include "refresher/replicator.h"
#include "storage/inventory.h"

namespace chancery::refresher {

// Up to 64 encoded cells: `blocks` in order of their ids, in groups of the same
// size, as `responder` is known to hold them.
std::string FreshnessStrip(std::vector<storage::BlockTimes> blocks,
                           const ResponderState& responder, absl::Time now);

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_FRESHNESS_STRIP_H_
