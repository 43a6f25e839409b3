// Whether a stored ledger is whole.
#ifndef CHANCERY_SIGNER_LEDGER_LEDGER_AUDIT_H_
#define CHANCERY_SIGNER_LEDGER_LEDGER_AUDIT_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "merkle/tree.h"
#include "signer/ledger/kv_store.h"
#include "signer/ledger/rows.h"

namespace chancery::signer {

// The marker, compared with the entries since the last checkpoint: their
// number, their last time and the root that follows. Reads at most 1,024
// entries. DataLoss says what differs. An empty store has an empty marker.
absl::StatusOr<Marker> CheckTail(const KvReader& reader);

// The tree over the first `size` entries, of which there must be so many.
// DataLoss: one, or the checkpoint before them, is damaged.
absl::StatusOr<merkle::Frontier> FrontierAt(const KvReader& reader,
                                            uint64_t size);

// Replays all entries and compares every root and row of state that follows.
// Holds all of the state in memory. DataLoss says what differs.
absl::Status AuditLedger(const KvReader& reader);

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_LEDGER_LEDGER_AUDIT_H_
