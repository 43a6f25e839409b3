// Makes the requests that an offline signer is brought (TRUST 10).
#ifndef CHANCERY_REFRESHER_AIRGAP_REQUEST_EXPORT_H_
#define CHANCERY_REFRESHER_AIRGAP_REQUEST_EXPORT_H_

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "ledger/airgap/exchange_folder.h"
#include "ledger/airgap/record_file.h"
#include "storage/inventory.h"

namespace chancery::refresher {

struct ExportParts {
  storage::LedgerCursor& cursor;
  storage::HeadStore& heads;
  airgap::ExchangeFolder& folder;
  const base::Clock& clock;
};

struct RequestOptions {
  std::string channel = {};
  // Whose newest head goes with it, as in the inventory.
  std::string head_of = {};
  // There may be no such head: the offline clock has to be confirmed then.
  bool may_lack_head = false;
  // In place of the request that has no result yet.
  bool replace = false;
};

struct ExportedRequest {
  uint64_t number = 0;
  std::string file = {};                   // In the folder.
  std::string sha256 = {};                 // 32 bytes.
  absl::Time head = absl::InfinitePast();  // That: none.
  uint64_t have_entries = 0;
};

// Keeps a new request, to which `items` adds what is to be signed, in the
// folder. FailedPrecondition: the one before has no result yet, or the
// inventory has no head; the message says what to do.
absl::StatusOr<ExportedRequest> ExportRequest(
    const ExportParts& parts, const RequestOptions& options,
    absl::FunctionRef<absl::Status(airgap::RecordWriter&)> items);

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_AIRGAP_REQUEST_EXPORT_H_
