// What a request to revoke, hold or release means for one certificate.
#ifndef CHANCERY_SIGNER_STATUS_CHANGE_H_
#define CHANCERY_SIGNER_STATUS_CHANGE_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ledger/entry.h"
#include "signer/issuer.h"
#include "signer/ledger/certificate_state.h"
#include "signer/ledger/state.h"

namespace chancery::signer {

// A revocation or hold of some certificate of `issuer`, without serial, date
// and origin. InvalidArgument: the reason; a date after `now` or before 1970.
absl::StatusOr<ledger::StatusEntry> RevocationFor(
    const Issuer& issuer, int reason, std::optional<absl::Time> date,
    absl::Time now);

// What was asked for, as text: what a request id stands for.
std::string Describe(const ledger::StatusEntry& change,
                     std::optional<absl::Time> date);

// `change` as it applies to `held` at `now`: with its serial and date. nullopt:
// it is so already. Errors name the serial, as ChangeStatus's; InvalidArgument
// also for a reason that policy keeps from this certificate.
absl::StatusOr<std::optional<ledger::StatusEntry>> ChangeFor(
    const Issuer& issuer, const State& state, const CertificateState& held,
    ledger::StatusEntry change, std::optional<absl::Time> date, absl::Time now);

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_STATUS_CHANGE_H_
