// Where updates go once they are in the inventory: to every responder.
#ifndef CHANCERY_REFRESHER_UPDATE_SINK_H_
#define CHANCERY_REFRESHER_UPDATE_SINK_H_

#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "block/update.h"

namespace chancery::refresher {

struct Acknowledged {
  uint32_t responders = 0;  // Hold all the updates, or newer.
  uint32_t total = 0;
};

// Nothing here fails: what a responder misses it gets when it converges.
// Thread-safe.
class UpdateSink {
 public:
  virtual ~UpdateSink() = default;

  // Hands the updates to all responders at once and returns when those that
  // are caught up have answered, after `wait` at most.
  virtual Acknowledged Offer(std::vector<block::Update> updates,
                             absl::Duration wait) = 0;
  // There is a new CRL in the inventory.
  virtual void CrlsChanged() = 0;
  // There is a new head in the inventory.
  virtual void HeadChanged() = 0;
};

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_UPDATE_SINK_H_
