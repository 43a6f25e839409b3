#ifndef CHANCERY_SIGNER_LEDGER_COMPROMISED_KEY_H_
#define CHANCERY_SIGNER_LEDGER_COMPROMISED_KEY_H_

#include <cstdint>

#include "absl/status/status.h"
#include "signer/ledger/certificate_state.h"
#include "signer/ledger/kv_overlay.h"

namespace chancery::signer {

// Remembers the key of `certificate`, which the entry at `index` revoked as
// keyCompromise, unless an earlier one did. What does not parse as a
// certificate has no key.
absl::Status RecordCompromisedKey(const CertificateState& certificate,
                                  uint64_t index, KvOverlay& overlay);

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_LEDGER_COMPROMISED_KEY_H_
