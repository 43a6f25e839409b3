// Takes what an offline signer made into the inventory (TRUST 10).
#ifndef CHANCERY_REFRESHER_AIRGAP_RESULT_IMPORT_H_
#define CHANCERY_REFRESHER_AIRGAP_RESULT_IMPORT_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "block/key_set.h"
#include "ledger/airgap/exchange_folder.h"
#include "rpc/log.h"
#include "storage/inventory.h"

namespace chancery::airgap::v1 {
class Outcome;
}

namespace chancery::refresher {

// All must outlive their user.
struct ImportParts {
  storage::Inventory& inventory;
  airgap::ExchangeFolder& folder;
  // As responders pin it: whose results count.
  const block::KeySet& keys;
  const rpc::Log& log;
};

struct ImportedResult {
  uint64_t number = 0;
  bool repeated = false;  // It was imported before.
  uint64_t issuers = 0;
  uint64_t entries = 0;  // New ones.
  uint64_t blocks = 0;   // New or newer ones.
  uint64_t crls = 0;
  uint64_t ledger_size = 0;
  absl::Time head = {};
};

// Imports the result in the file `path`: into the inventory by the ways of a
// refresher, from where refreshers hand it to all responders. Then `outcome` is
// called for each item of the request. Whatever stopped it, importing the same
// file again ends in the same state; also when it was imported long ago.
// Refused with nothing changed:
// InvalidArgument: damaged, or not a result of this channel.
// PermissionDenied: no key that may sign for its issuers has signed it.
// FailedPrecondition: no answer to what was asked here, not the next one, or it
//   begins after what the inventory has.
// AlreadyExists: another result of this number was imported.
// To be repeated: Unavailable.
absl::StatusOr<ImportedResult> ImportResult(
    const ImportParts& parts, const std::string& channel,
    const std::string& path,
    const std::function<absl::Status(const airgap::v1::Outcome&)>& outcome);

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_AIRGAP_RESULT_IMPORT_H_
