#ifndef CHANCERY_SIGNER_IMPORTER_H_
#define CHANCERY_SIGNER_IMPORTER_H_

#include <cstddef>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "signer/issuer.h"
#include "signer/ledger/ledger.h"
#include "signer/requests.h"
#include "signer/signing_threads.h"
#include "x509/certificate/certificate.h"

namespace chancery::signer {

// Takes certificates that were issued elsewhere under one of our issuers, in
// order of notAfter. Thread-safe.
class Importer {
 public:
  // All must outlive this object. `threads` check what is to be imported.
  // `allowed`: whether the configuration turns imports on.
  Importer(Ledger& ledger, const IssuerTable& issuers, SigningThreads& threads,
           const base::Clock& clock, bool allowed)
      : ledger_(ledger),
        issuers_(issuers),
        threads_(threads),
        clock_(clock),
        allowed_(allowed) {}

  // All of the request or nothing. A certificate that is known with the same
  // bytes is counted; its status may rise, to held or revoked, and never falls.
  // InvalidArgument names the item: it does not parse, does not verify under
  //   the issuer's key or has expired; its reason or date is not allowed.
  // AlreadyExists: its serial is known with other bytes.
  // FailedPrecondition: imports are off.
  absl::StatusOr<Imported> Import(const ImportRequest& request);

 private:
  static absl::Status Add(Transaction& tx, const Issuer& issuer,
                          const Asker& asker,
                          const x509::Certificate& certificate,
                          const ImportItem& item, size_t position,
                          Imported& out, std::set<std::string>& blocks);

  Ledger& ledger_;
  const IssuerTable& issuers_;
  SigningThreads& threads_;
  const base::Clock& clock_;
  const bool allowed_;
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_IMPORTER_H_
