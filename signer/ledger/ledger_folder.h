// A ledger's entries from its folder, without the signer: for who audits.
#ifndef CHANCERY_SIGNER_LEDGER_LEDGER_FOLDER_H_
#define CHANCERY_SIGNER_LEDGER_LEDGER_FOLDER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "signer/ledger/kv_store.h"
#include "signer/ledger/ledger.h"

namespace chancery::signer {

// Nothing is believed: entries may not parse, and the head need not be theirs.
// Thread-compatible.
class LedgerFolder {
 public:
  // Errors as OpenRocksDbForReading.
  static absl::StatusOr<std::unique_ptr<LedgerFolder>> Open(
      const std::string& folder);
  explicit LedgerFolder(std::unique_ptr<const KvReader> reader)
      : reader_(std::move(reader)) {}

  // As Ledger::ReadEntries; DataLoss if the marker does not parse.
  absl::StatusOr<EntryRange> ReadEntries(uint64_t from, size_t max_bytes,
                                         size_t max_entries) const;

 private:
  const std::unique_ptr<const KvReader> reader_;
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_LEDGER_LEDGER_FOLDER_H_
