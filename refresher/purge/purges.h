#ifndef CHANCERY_REFRESHER_PURGE_PURGES_H_
#define CHANCERY_REFRESHER_PURGE_PURGES_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "refresher/purge/purger.h"
#include "rpc/metrics.h"

namespace chancery::config {
class Refresher;
}

namespace chancery::refresher {

// The purgers of a configuration that was checked, each with its own
// connection, and what they count.
class Purges {
 public:
  struct Parts {
    SignerClient& signer;
    storage::Inventory& inventory;
    const base::Clock& clock;
    const rpc::Log& log;
    rpc::Metrics& metrics;
    Purger::Served served;
  };
  // All in `parts` must outlive this object.
  Purges(const config::Refresher& config, const Parts& parts);
  ~Purges();

  // To be stepped each by a thread of its own.
  std::vector<Purger*> all();
  // Takes the present values over. One caller at a time.
  void RefreshMetrics();

 private:
  struct One;
  std::vector<std::unique_ptr<One>> purges_;
};

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_PURGE_PURGES_H_
