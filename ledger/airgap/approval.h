// Who has signed an air-gap file, and whether that is enough (TRUST 10).
#ifndef CHANCERY_LEDGER_AIRGAP_APPROVAL_H_
#define CHANCERY_LEDGER_AIRGAP_APPROVAL_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/digest.h"
#include "crypto/public_key.h"
#include "crypto/signing_key.h"
#include "ledger/airgap/record_file.h"

namespace chancery::airgap {

// Signs the hash of a request. Errors as SigningKey::Sign.
absl::StatusOr<block::Signed> Approve(const crypto::Sha256Digest& sha256,
                                      const crypto::SigningKey& key);

// The operators whose keys somebody pins, of whom `threshold` have to agree.
struct Operators {
  std::vector<crypto::PublicKey> keys = {};
  size_t threshold = 0;
};

// The ids of the operators who signed the request, each once. Signatures by
// other keys do not count and are no error: anybody may add one.
// PermissionDenied: fewer than `threshold`, or one in an operator's name that
//   does not verify.
absl::StatusOr<std::vector<crypto::Sha256Digest>> CheckApproved(
    const CheckedFile& request, const Operators& operators);

}  // namespace chancery::airgap

#endif  // CHANCERY_LEDGER_AIRGAP_APPROVAL_H_
