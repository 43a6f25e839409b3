#ifndef CHANCERY_REFRESHER_PROMOTED_H_
#define CHANCERY_REFRESHER_PROMOTED_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "base/mutex.h"
#include "refresher/catch_up_client.h"

namespace chancery::refresher {

// Which standby was promoted while this refresher still knows another signer:
// that one has to be told, or both sign. Thread-safe.
class Promoted {
 public:
  // Nobody says that there is none before each standby has answered, or
  // `patience` is over.
  Promoted(size_t standbys, absl::Duration patience);

  // How it stands, as of the last time that it answered; nothing is told by
  // one that never did (epoch 0).
  void Tell(size_t standby, const SignerStanding& standing);

  // The active one of the latest epoch, if that is later than `epoch`.
  std::optional<SignerStanding> LaterThan(uint64_t epoch) const;

 private:
  const std::chrono::steady_clock::time_point patience_ends_;
  mutable base::Mutex mu_;
  mutable base::CondVar told_;
  std::vector<std::optional<SignerStanding>> standings_ ABSL_GUARDED_BY(mu_);
};

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_PROMOTED_H_
