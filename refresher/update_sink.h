// Where updates go that are in the inventory, or about to be: to every
// responder.
#ifndef CHANCERY_REFRESHER_UPDATE_SINK_H_
#define CHANCERY_REFRESHER_UPDATE_SINK_H_

#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
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
  // As Offer, beside `store`, which stores them and returns what to hand on in
  // their place: whoever is caught up is handed `updates` at once, and whoever
  // has not taken them is handed what was stored, so that it finds in the
  // inventory what it lacks. Of `store` its error: nobody is waited for then.
  virtual absl::StatusOr<Acknowledged> OfferWhile(
      const std::vector<block::Update>& updates, absl::Duration wait,
      absl::FunctionRef<absl::StatusOr<std::vector<block::Update>>()>
          store) = 0;
  // There is a new CRL in the inventory.
  virtual void CrlsChanged() = 0;
  // There is a new head in the inventory.
  virtual void HeadChanged() = 0;
};

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_UPDATE_SINK_H_
