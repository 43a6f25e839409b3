// What a result carries beside its outcomes.
#ifndef CHANCERY_SIGNER_AIRGAP_RESULT_EXPORT_H_
#define CHANCERY_SIGNER_AIRGAP_RESULT_EXPORT_H_

#include <cstdint>

#include "absl/status/status.h"
#include "ledger/airgap/record_file.h"
#include "signer/airgap/request_signer.h"

namespace chancery::signer {

absl::Status ExportIssuers(const IssuerTable& issuers,
                           airgap::RecordWriter& result);

// Everything that ledger entries from `since` on brought: blocks as they are
// now, whole, the newest CRL of each scope, the entries, and a head of just
// now, whose ledger ends where the entries do. One block, page or piece in
// memory at a time. Blocks that may not cross the gap (MayPresign) are left
// out. Nothing else may write to the ledger meanwhile.
absl::Status ExportNews(const SignerParts& parts, uint64_t since,
                        airgap::RecordWriter& result);

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_AIRGAP_RESULT_EXPORT_H_
