#ifndef CHANCERY_SIGNER_AIRGAP_OPERATORS_H_
#define CHANCERY_SIGNER_AIRGAP_OPERATORS_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/airgap/approval.h"

namespace chancery::config {
class AirGap;
}

namespace chancery::signer {

// What can be said of an offline signer's settings without opening a file.
// InvalidArgument names field, value and rule.
absl::Status CheckAirGap(const config::AirGap& config);

// The operators' keys. InvalidArgument names the file: not a public key, one
// that is weak, or one that is there twice (two of k would be one person).
absl::StatusOr<airgap::Operators> LoadOperators(const config::AirGap& config);

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_AIRGAP_OPERATORS_H_
