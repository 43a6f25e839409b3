// What the ledger keeps of each issuer from its first start on.
#ifndef CHANCERY_SIGNER_ISSUER_RECORD_H_
#define CHANCERY_SIGNER_ISSUER_RECORD_H_

#include <vector>

#include "absl/status/status.h"
#include "signer/issuer.h"
#include "signer/ledger/ledger.h"

namespace chancery::signer {

// Writes an issuer entry for each that the ledger does not know, all at once.
// FailedPrecondition, naming field, value and rule: one that it knows had
// another name or number of CRL shards when it began, or another issuer has the
// name; nothing is written then. Unavailable: the ledger; start again.
absl::Status RecordIssuers(const std::vector<Issuer>& issuers, Ledger& ledger);

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_ISSUER_RECORD_H_
