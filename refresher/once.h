// Everything a refresher does, once: for cron.
#ifndef CHANCERY_REFRESHER_ONCE_H_
#define CHANCERY_REFRESHER_ONCE_H_

#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "base/clock.h"
#include "refresher/block_refresher.h"
#include "refresher/crl_refresher.h"
#include "refresher/head_follower.h"
#include "refresher/ledger_follower.h"
#include "refresher/replicator.h"
#include "refresher/signer_client.h"
#include "storage/inventory.h"

namespace chancery::refresher {

struct OnceParts {
  SignerClient& signer;
  storage::Inventory& inventory;
  LedgerFollower& follower;
  BlockRefresher& blocks;
  CrlRefresher& crls;
  HeadFollower& heads;
  std::vector<Replicator*> responders;
  const base::Clock& clock;
};

// What is being done, how much of it is, of how much in all.
using Report = absl::FunctionRef<void(absl::string_view stage, uint64_t done,
                                      uint64_t total)>;

// Follows the ledger to its end, has everything signed that is due, and fills
// all responders side by side. An error in one part does not keep the others
// from being done; the first is returned. OK: everything is fresh at every
// responder.
absl::Status RunOnce(const OnceParts& parts, Report report);

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_ONCE_H_
