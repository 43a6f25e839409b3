// What clients of the responders are answered by now.
#ifndef CHANCERY_REFRESHER_SERVED_H_
#define CHANCERY_REFRESHER_SERVED_H_

#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "refresher/replicator.h"

namespace chancery::refresher {

// Whether every responder that is ready serves what ledger entries before
// `size` say, and (`crls`) has had all CRLs of the inventory since `since`.
// Those that are not ready answer nobody; false if none is. `since` is when the
// inventory was seen to have it.
bool AllServe(const std::vector<ResponderState>& responders, uint64_t size,
              absl::Time since, bool crls);

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_SERVED_H_
