#ifndef CHANCERY_SIGNER_LEDGER_STATE_UPDATE_H_
#define CHANCERY_SIGNER_LEDGER_STATE_UPDATE_H_

#include "absl/status/status.h"
#include "ledger/entry.h"
#include "signer/ledger/kv_overlay.h"

namespace chancery::signer {

// What follows from a valid entry, as changes of the state below it: a function
// of the entries alone, so that replaying them gives the same state. Checks
// TRUST 2.2, 2.3, 2.6 and 2.8 as far as the ledger can see them.
// After an error (Transaction::Append has the codes) `overlay` may hold a part.
absl::Status ApplyEntry(const ledger::Entry& entry, KvOverlay& overlay);

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_LEDGER_STATE_UPDATE_H_
