// One OCSP record: what the ledger says of a certificate, signed.
#ifndef CHANCERY_SIGNER_RECORD_SIGNER_H_
#define CHANCERY_SIGNER_RECORD_SIGNER_H_

#include <optional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "block/block.h"
#include "block/record.h"
#include "signer/issuer.h"
#include "signer/ledger/certificate_state.h"

namespace chancery::signer {

// The issuer's templates, as a block holds them.
block::Templates TemplatesOf(const Issuer& issuer);

// What a record of `member` should say when it is made at `this_update`; kEmpty
// when the certificate has expired by then. Without signatures.
block::Record RecordFor(const Issuer& issuer, const CertificateState& member,
                        absl::Time this_update);

// Whether `held` says what the ledger says of `member`.
bool SaysTheSame(const block::RecordFacts& held,
                 const CertificateState& member);

// Checks the record's values (TRUST 2.5) and signs it once for each template.
// InternalError if a value breaks a rule: nothing wrong leaves.
absl::Status SignRecord(const Issuer& issuer, absl::Time ledger_time,
                        block::Record& record);

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_RECORD_SIGNER_H_
