#include "signer/ledger/ledger_folder.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/status_macros.h"
#include "signer/ledger/rocksdb_store.h"
#include "signer/ledger/rows.h"

namespace chancery::signer {

absl::StatusOr<std::unique_ptr<LedgerFolder>> LedgerFolder::Open(
    const std::string& folder) {
  ASSIGN_OR_RETURN(std::unique_ptr<const KvReader> reader,
                   OpenRocksDbForReading(folder));
  return std::make_unique<LedgerFolder>(std::move(reader));
}

absl::StatusOr<EntryRange> LedgerFolder::ReadEntries(uint64_t from,
                                                     size_t max_bytes,
                                                     size_t max_entries) const {
  EntryRange range;
  ASSIGN_OR_RETURN(const std::optional<std::string> stored,
                   reader_->Get(MarkerKey()));
  if (stored.has_value()) {
    ASSIGN_OR_RETURN(const Marker marker, ParseMarker(*stored));
    range.head = {.size = marker.frontier.size(),
                  .root = marker.frontier.Root(),
                  .last_time = marker.last_time};
  }
  if (from > range.head.size) {
    return absl::OutOfRangeError(absl::StrCat(
        "from: ", from, " is past the end of the ledger, ", range.head.size));
  }
  size_t bytes = 0;
  RETURN_IF_ERROR(
      reader_->Scan(EntryKey(from), EntryKey(range.head.size),
                    [&](absl::string_view, absl::string_view entry) {
                      bytes += entry.size();
                      if (!range.entries.empty() && bytes > max_bytes) {
                        return false;
                      }
                      range.entries.emplace_back(entry.data(), entry.size());
                      return range.entries.size() < max_entries;
                    }));
  return range;
}

}  // namespace chancery::signer
