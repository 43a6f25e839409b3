#ifndef CHANCERY_AUTHORITY_MASS_REVOKER_H_
#define CHANCERY_AUTHORITY_MASS_REVOKER_H_

#include <functional>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "authority/mass_signer_client.h"
#include "authority/publisher.h"
#include "rpc/log.h"

namespace chancery::authority {

// A mass revocation as the online half does it: the signer records and signs,
// and each step is published before it is told. The inventory has it from the
// ledger, within seconds: nothing here is written to it.
//
// Keeps nothing: after a crash the same order goes on. Thread-safe.
class MassRevoker {
 public:
  static constexpr size_t kMaxSerials = 200'000;

  struct Parts {
    MassSignerClient& signer;
    // Null: the responders learn of it from the refresher's own round.
    Publisher* publisher = nullptr;
    const rpc::Log& log;
    // How long each step waits for the responders.
    absl::Duration publish_wait = absl::Seconds(1);
  };
  // All must outlive this object.
  explicit MassRevoker(const Parts& parts) : parts_(parts) {}

  using Report = absl::FunctionRef<absl::Status(const MassProgress& progress,
                                                Acknowledged acknowledged)>;

  // InvalidArgument: a field breaks a rule. Unavailable: repeat the order.
  // Other errors as the signer's, or what `report` returned.
  absl::Status RevokeMany(const MassRevokeOrder& order, Report report);

 private:
  void Publish(const std::vector<block::Update>& updates,
               Acknowledged& acknowledged);

  const Parts parts_;
};

}  // namespace chancery::authority

#endif  // CHANCERY_AUTHORITY_MASS_REVOKER_H_
