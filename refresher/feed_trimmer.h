#ifndef CHANCERY_REFRESHER_FEED_TRIMMER_H_
#define CHANCERY_REFRESHER_FEED_TRIMMER_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "rpc/log.h"
#include "storage/inventory.h"

namespace chancery::refresher {

// Feed and manifests are kept two years past expiry (TRUST 3).
inline constexpr absl::Duration kLeastFeedKeep = absl::Hours(24 * 731);

// Drops from the inventory's copy of a ledger what need not be kept: entries,
// from the first on, that were written, and whose certificates, OCSP responses
// and CRLs have expired, longer ago than `keep`. So a signer that was restored
// from a backup of at most that age always finds what it lacks.
//
// The certificates' rows stay, and so does the root from which the rest of the
// ledger leads to every later one. Several may do it at a time. One caller.
class FeedTrimmer {
 public:
  struct Options {
    std::string signer = {};  // Whose ledger, as in the inventory.
    absl::Duration keep = kLeastFeedKeep;
  };

  // All must outlive this object.
  FeedTrimmer(storage::Inventory& inventory, const base::Clock& clock,
              const rpc::Log& log, Options options)
      : inventory_(inventory),
        clock_(clock),
        log_(log),
        options_(std::move(options)) {}

  // Drops some thousand entries. True: there may be more to drop. Unavailable:
  // the inventory. DataLoss: an entry makes no sense; nothing from it on is
  // dropped.
  absl::StatusOr<bool> Step();

 private:
  // Whether all of these entries ended before `time`.
  absl::StatusOr<bool> HaveEnded(uint64_t from, uint64_t to, absl::Time time);

  storage::Inventory& inventory_;
  const base::Clock& clock_;
  const rpc::Log& log_;
  const Options options_;
};

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_FEED_TRIMMER_H_
