#ifndef CHANCERY_SIGNER_AIRGAP_ITEM_SIGNER_H_
#define CHANCERY_SIGNER_AIRGAP_ITEM_SIGNER_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "signer/airgap/request_signer.h"

namespace chancery::signer {

// Does what one item of a request asks for. The item names; what is signed is
// the signer's, as for every caller (TRUST 2.4). Not thread-safe.
class ItemSigner {
 public:
  explicit ItemSigner(const SignerParts& parts) : parts_(parts) {}

  // The item's outcome, without its number: also a refusal is one. Repeating an
  // item does no harm: certificates and revocations have request ids.
  // An error (Unavailable, DataLoss, the clock, ...) is not about the item: the
  // request is to be signed again.
  absl::StatusOr<airgap::v1::Record> Sign(const airgap::v1::Record& item);

 private:
  absl::Status Do(const airgap::v1::Record& item, airgap::v1::Record& record);
  absl::Status SignBlock(const std::string& block_id);
  absl::Status SignDue(absl::Time due_by, airgap::v1::Record& record);
  absl::StatusOr<uint64_t> SignDueCrls(absl::Time due_by);

  const SignerParts parts_;
};

// Whether OCSP records of the issuer's certificates may cross the gap:
// "Presigned leaves only for private policies" (TRUST 10). The Baseline
// Requirements want a revocation of a subscriber's certificate answered within
// days, CA certificates have months.
bool MayPresign(const Issuer& issuer);

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_AIRGAP_ITEM_SIGNER_H_
