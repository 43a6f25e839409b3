#ifndef CHANCERY_AUTHORITY_PUBLISHER_H_
#define CHANCERY_AUTHORITY_PUBLISHER_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "block/update.h"

namespace chancery::authority {

struct Acknowledged {
  uint32_t responders = 0;
  uint32_t total = 0;
};

// Brings updates to the responders. Thread-safe.
class Publisher {
 public:
  virtual ~Publisher() = default;

  // Returns after `wait` at most. An error harms nobody: the refresher finds
  // the updates in the ledger.
  virtual absl::StatusOr<Acknowledged> Publish(
      const std::vector<block::Update>& updates, absl::Duration wait) = 0;
};

}  // namespace chancery::authority

#endif  // CHANCERY_AUTHORITY_PUBLISHER_H_
