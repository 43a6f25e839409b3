#ifndef CHANCERY_SIGNER_ORDER_VERIFIER_H_
#define CHANCERY_SIGNER_ORDER_VERIFIER_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "ledger/entry.h"
#include "ledger/revocation_order.h"
#include "rpc/roles.h"
#include "signer/requests.h"

namespace chancery::signer {

// An order that is to be believed, and who signed it.
struct TrustedOrder {
  ledger::RevocationOrder order = {};
  std::string signer_uri = {};
  std::string file = {};  // As it was given.
};

// Tells orders of a second identity (TRUST 2) from everything else: signed by
// an identity of the service CA that may approve here, and that neither calls
// nor is named as who asks. Thread-safe.
class OrderVerifier {
 public:
  // `trust_file` holds the service CA, PEM; it is read each time, as its
  // replacement is what connections use too. All must outlive this object.
  OrderVerifier(std::string trust_file, const rpc::RoleTable& roles,
                const base::Clock& clock)
      : trust_file_(std::move(trust_file)), roles_(roles), clock_(clock) {}

  // InvalidArgument: malformed. FailedPrecondition: unsigned or expired.
  // PermissionDenied: signature, certificate, identity or role; the message
  // says which.
  absl::StatusOr<TrustedOrder> Verify(const std::string& file,
                                      const Asker& asker) const;

 private:
  const std::string trust_file_;
  const rpc::RoleTable& roles_;
  const base::Clock& clock_;
};

// Whether `order` is for exactly this. InvalidArgument names what differs.
// `serials` are sorted (SortSerials).
absl::Status CheckOrderFits(const ledger::RevocationOrder& order,
                            const RevokeManyRequest& request,
                            const std::vector<std::string>& serials);

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_ORDER_VERIFIER_H_
