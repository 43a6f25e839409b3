#ifndef CHANCERY_SIGNER_CRL_SIGNER_H_
#define CHANCERY_SIGNER_CRL_SIGNER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "signer/issuer.h"
#include "signer/ledger/ledger.h"
#include "signer/requests.h"

namespace chancery::signer {

// Makes CRLs from one snapshot of the ledger (TRUST 2.7, 7): every revoked
// certificate of the scope that has not expired, and those that expired since
// the last CRL. Numbers only grow. Thread-safe; one CRL at a time.
class CrlSigner {
 public:
  // All must outlive this object.
  // `wait_until` as in BlockSigner::Options.
  CrlSigner(Ledger& ledger, const IssuerTable& issuers,
            const base::Clock& clock,
            std::function<void(absl::Time)> wait_until)
      : ledger_(ledger),
        issuers_(issuers),
        clock_(clock),
        wait_until_(std::move(wait_until)) {}

  // The next full CRL. It is linted, signed, verified and in the ledger when it
  // returns. NotFound: no such issuer or shard.
  absl::StatusOr<SignedCrl> SignCrl(const std::string& issuer_name,
                                    uint32_t shard);

 private:
  Ledger& ledger_;
  const IssuerTable& issuers_;
  const base::Clock& clock_;
  const std::function<void(absl::Time)> wait_until_;
  base::Mutex mu_;
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_CRL_SIGNER_H_
