#ifndef CHANCERY_SIGNER_REVOCATION_H_
#define CHANCERY_SIGNER_REVOCATION_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "signer/block_signer.h"
#include "signer/issuer.h"
#include "signer/ledger/ledger.h"
#include "signer/requests.h"
#include "signer/revocation_limit.h"

namespace chancery::signer {

// Ends certificates (TRUST 2.2): durable in the ledger before it returns, and
// with the delta that says so. Thread-safe.
class Revocation {
 public:
  // All must outlive this object.
  Revocation(Ledger& ledger, const IssuerTable& issuers, BlockSigner& blocks,
             RevocationLimit& limit, const base::Clock& clock)
      : ledger_(ledger),
        issuers_(issuers),
        blocks_(blocks),
        limit_(limit),
        clock_(clock) {}

  // Repeating a revocation is harmless. Afterwards only keyCompromise may
  // replace another reason, and with it the date may move earlier; a hold may
  // become any reason and keeps its date.
  // NotFound: never issued here.
  // InvalidArgument: the reason, or a date in the future, before 1970 or not a
  //   whole second.
  // FailedPrecondition: an existing revocation does not allow it.
  // AlreadyExists: the request id was used for another request.
  // ResourceExhausted: more than the limit; only MassRevocation takes an order.
  absl::StatusOr<Revoked> Revoke(const RevokeRequest& request);

  // FailedPrecondition if the certificate is not held.
  absl::StatusOr<Revoked> Release(const ReleaseRequest& request);

 private:
  absl::StatusOr<Revoked> Change(const Asker& asker, const Issuer& issuer,
                                 const std::string& serial,
                                 ledger::StatusEntry change,
                                 std::optional<absl::Time> asked_date);

  Ledger& ledger_;
  const IssuerTable& issuers_;
  BlockSigner& blocks_;
  RevocationLimit& limit_;
  const base::Clock& clock_;
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_REVOCATION_H_
