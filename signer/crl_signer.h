#ifndef CHANCERY_SIGNER_CRL_SIGNER_H_
#define CHANCERY_SIGNER_CRL_SIGNER_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "signer/crl_contents.h"
#include "signer/crl_files.h"
#include "signer/issuer.h"
#include "signer/ledger/ledger.h"
#include "signer/requests.h"
#include "x509/crl/crl.h"

namespace chancery::signer {

// Makes CRLs from one snapshot of the ledger (TRUST 2.7, 7): every revoked
// certificate of the scope that has not expired, and those that expired since
// the last CRL; deltas have what changed since their base. The numbers of a
// scope only grow, full and delta together. Thread-safe; one CRL at a time.
class CrlSigner {
 public:
  struct Options {
    // As in BlockSigner::Options.
    std::function<void(absl::Time)> wait_until;
    // Called after "written", "signed", "kept" and "recorded", as WriteCrl and
    // CrlFiles have them: for tests of what a crash there leaves. May be null.
    std::function<void(const char* step)> after_step = nullptr;
  };

  // All must outlive this object.
  CrlSigner(Ledger& ledger, const IssuerTable& issuers,
            const base::Clock& clock, const CrlFiles& files, Options options)
      : ledger_(ledger),
        issuers_(issuers),
        clock_(clock),
        files_(files),
        options_(std::move(options)) {}

  // Removes what a crash left beside the newest CRLs. Once, before all else.
  // Leaves it to the next start where the clock is wrong.
  absl::Status CleanUp();

  // A CRL that is linted, signed, verified, on the disk and in the ledger when
  // it returns. NotFound: no such issuer or shard. FailedPrecondition: a delta
  // of an issuer without deltas, or before the first full CRL.
  absl::StatusOr<SignedCrl> SignCrl(const CrlRequest& request);

 private:
  // The newest of its kind as it was made; nullopt: it is not newer than
  // `have_number`, or its file is gone.
  absl::StatusOr<std::optional<SignedCrl>> Made(const Issuer& issuer,
                                                const CrlRequest& request);
  absl::StatusOr<SignedCrl> Make(const Issuer& issuer,
                                 const CrlRequest& request);
  x509::CrlFacts FactsOf(const Issuer& issuer, const CrlRequest& request,
                         const CrlContents& contents) const;

  Ledger& ledger_;
  const IssuerTable& issuers_;
  const base::Clock& clock_;
  const CrlFiles& files_;
  const Options options_;
  base::Mutex mu_;
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_CRL_SIGNER_H_
