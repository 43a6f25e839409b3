#ifndef CHANCERY_SIGNER_MASS_REVOCATION_H_
#define CHANCERY_SIGNER_MASS_REVOCATION_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "base/clock.h"
#include "signer/block_signer.h"
#include "signer/issuer.h"
#include "signer/ledger/ledger.h"
#include "signer/order_verifier.h"
#include "signer/requests.h"
#include "signer/revocation_batches.h"
#include "signer/revocation_limit.h"

namespace chancery::signer {

// Ends many certificates of one issuer with one request: each as Revocation
// does, but recorded by the thousand and signed block by block. What cannot be
// revoked keeps nothing else from it.
//
// The request id stands for the whole list: whatever stopped a call, calling
// again with the same id does what is left. Thread-safe.
class MassRevocation {
 public:
  static constexpr size_t kMaxSerials = 200'000;
  struct Parts {
    Ledger& ledger;
    const IssuerTable& issuers;
    BlockSigner& blocks;
    RevocationLimit& limit;
    const OrderVerifier& orders;
    const base::Clock& clock;
    // In one transaction, which holds up all others while it runs.
    size_t max_entries = 1'000;
  };
  // All must outlive this object.
  explicit MassRevocation(const Parts& parts) : parts_(parts) {}

  // Tells `report` of each step once it is durable; its error ends the call.
  // InvalidArgument: issuer, reason, date, a serial, or an order for something
  //   else; nothing was done.
  // ResourceExhausted: more than the limit and no order; nothing was done,
  //   unless others revoked meanwhile.
  // AlreadyExists: the request id or the order belongs to another request.
  // As OrderVerifier: the order. Unavailable: the ledger; call again.
  absl::Status RevokeMany(
      const RevokeManyRequest& request,
      absl::FunctionRef<absl::Status(const RevokedMany&)> report);

 private:
  struct Plan;

  absl::StatusOr<Plan> Prepare(const RevokeManyRequest& request) const;
  // What there is to do, in order of block and place; tells the rest in `told`.
  absl::StatusOr<std::vector<BlockMember>> Survey(Plan& plan,
                                                  RevokedMany& told) const;
  // Writes these, all or none, and what came of each into `told`. The last
  // entry's index.
  absl::StatusOr<uint64_t> Record(const Plan& plan,
                                  const std::vector<BlockMember>& members,
                                  RevokedMany& told);

  const Parts parts_;
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_MASS_REVOCATION_H_
