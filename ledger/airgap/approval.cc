#include "ledger/airgap/approval.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/status_macros.h"

namespace chancery::airgap {

absl::StatusOr<block::Signed> Approve(const crypto::Sha256Digest& sha256,
                                      const crypto::SigningKey& key) {
  return block::Sign(kRequestType, base::ToString(sha256), key);
}

absl::StatusOr<std::vector<crypto::Sha256Digest>> CheckApproved(
    const CheckedFile& request, const Operators& operators) {
  std::set<crypto::Sha256Digest> approved;
  for (const block::Signed& signature : request.signatures) {
    for (const crypto::PublicKey& key : operators.keys) {
      if (block::KeyIdOf(key) != signature.key_id) continue;
      if (!block::Verify(kRequestType, signature, key).ok()) {
        return absl::PermissionDeniedError(
            absl::StrCat("request: the signature of operator ",
                         base::Hex(signature.key_id), " does not verify"));
      }
      approved.insert(signature.key_id);
    }
  }
  if (approved.size() < operators.threshold || operators.threshold == 0) {
    return absl::PermissionDeniedError(absl::StrCat(
        "request: ", approved.size(), " of the operators have signed it, ",
        operators.threshold, " of ", operators.keys.size(), " must"));
  }
  return std::vector<crypto::Sha256Digest>(approved.begin(), approved.end());
}

}  // namespace chancery::airgap
