// The inventory's copy of a signer's ledger, as a log that has roots.
#ifndef CHANCERY_REFRESHER_LEDGER_COPY_H_
#define CHANCERY_REFRESHER_LEDGER_COPY_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "merkle/tree.h"
#include "storage/inventory.h"

namespace chancery::refresher {

// The largest of at most `size` entries; empty if there is none.
absl::StatusOr<storage::LedgerRootRow> RootUpTo(storage::LedgerFeed& feed,
                                                const std::string& signer,
                                                uint64_t size);

// Where it ends; size 0 before the first entry. Unavailable: the inventory.
absl::StatusOr<storage::LedgerRootRow> NewestRoot(storage::LedgerFeed& feed,
                                                  const std::string& signer);

// The root over its first `size` entries. DataLoss: one is not there.
absl::StatusOr<merkle::Hash> CopiedRootAt(storage::LedgerFeed& feed,
                                          const std::string& signer,
                                          uint64_t size);

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_LEDGER_COPY_H_
