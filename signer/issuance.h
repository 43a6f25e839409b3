#ifndef CHANCERY_SIGNER_ISSUANCE_H_
#define CHANCERY_SIGNER_ISSUANCE_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/random.h"
#include "signer/block_signer.h"
#include "signer/issuer.h"
#include "signer/ledger/ledger.h"
#include "signer/requests.h"
#include "x509/certificate/certificate.h"

namespace chancery::signer {

// Makes certificates: CSR and profile in, certificate and first OCSP record
// out, both in the ledger before either leaves (TRUST 2.1, 2.3, 8).
// Thread-safe.
class Issuance {
 public:
  // All must outlive this object.
  Issuance(Ledger& ledger, const IssuerTable& issuers, BlockSigner& blocks,
           const base::Clock& clock, base::Random& random)
      : ledger_(ledger),
        issuers_(issuers),
        blocks_(blocks),
        clock_(clock),
        random_(random) {}

  // The same (requester, request id) gets the same certificate again.
  // InvalidArgument: the CSR, its key or a name breaks a rule, or what was made
  //   of them a lint of the profile, which it names. NotFound: no such
  //   issuer or profile. AlreadyExists: the request id was used for another
  //   request. Unavailable: token or ledger; retry with the same id.
  absl::StatusOr<Issued> Issue(const IssueRequest& request);

 private:
  static absl::StatusOr<std::string> Sign(const Issuer& issuer,
                                          const policy::Profile& profile,
                                          const x509::CertificateFacts& facts);
  // Of the ledger: up to ledger::kMaxEpoch.
  absl::StatusOr<uint64_t> Epoch() const;
  // What was answered to this request before, if anything.
  absl::StatusOr<std::optional<Issued>> Repeated(const Issuer& issuer,
                                                 const ledger::Origin& origin);

  Ledger& ledger_;
  const IssuerTable& issuers_;
  BlockSigner& blocks_;
  const base::Clock& clock_;
  base::Random& random_;
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_ISSUANCE_H_
