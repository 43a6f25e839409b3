// A signed head and its index, compared with the ledger.
#ifndef CHANCERY_AUDIT_HEAD_CHECK_H_
#define CHANCERY_AUDIT_HEAD_CHECK_H_

#include <optional>
#include <string>

#include "audit/finding.h"
#include "audit/replay.h"
#include "audit/signatures.h"
#include "block/head.h"

namespace chancery::audit {

// Whether a key of the key set signed it, and the index is its own: otherwise a
// finding. `where` names who has it.
std::optional<block::OpenedHead> CheckHeadSignature(
    const block::SignedHead& head, const PinnedKeys& keys,
    const std::string& where, Findings& findings);

// Whether its root and every version of its index follow from the entries.
// `replay` was told to watch the head's ledger size before it came to it.
void CheckHead(const Replay& replay, const block::OpenedHead& head,
               const std::string& where, Findings& findings);

}  // namespace chancery::audit

#endif  // CHANCERY_AUDIT_HEAD_CHECK_H_
