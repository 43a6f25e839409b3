#ifndef CHANCERY_SIGNER_LEDGER_ROCKSDB_STORE_H_
#define CHANCERY_SIGNER_LEDGER_ROCKSDB_STORE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "signer/ledger/kv_store.h"

namespace chancery::signer {

// A RocksDB in `folder`, which is made (mode 0700, files 0600) if it is not
// there. Held by one process at a time.
// FailedPrecondition: another signer uses the folder.
// PermissionDenied: it cannot be made, or others may enter it.
// DataLoss: what is there is damaged or not a ledger. Nothing is repaired.
absl::StatusOr<std::unique_ptr<KvStore>> OpenRocksDbStore(
    const std::string& folder);

// The same to read only, as it is now: what a running signer writes meanwhile
// is not seen. Writes nothing and holds nothing back.
// NotFound: there is no ledger. DataLoss as above.
absl::StatusOr<std::unique_ptr<const KvReader>> OpenRocksDbForReading(
    const std::string& folder);

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_LEDGER_ROCKSDB_STORE_H_
