#ifndef CHANCERY_SIGNER_OWN_CERTIFICATES_H_
#define CHANCERY_SIGNER_OWN_CERTIFICATES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "rpc/identity.h"
#include "signer/issuer.h"
#include "signer/ledger/ledger.h"

namespace chancery::signer {

// Whose certificates are whose, by the ledger. Thread-safe.
class OwnCertificates {
 public:
  // Both must outlive this object.
  OwnCertificates(const Ledger& ledger, const IssuerTable& issuers)
      : ledger_(ledger), issuers_(issuers) {}

  // OK if `caller` asked for each of them, itself or through an authority.
  // PermissionDenied names the first that somebody else asked for; one that
  // was never issued is nobody's, and passed over. NotFound: no such issuer.
  // Unavailable and DataLoss as the ledger.
  absl::Status Check(const rpc::Identity& caller, const std::string& issuer,
                     const std::vector<std::string>& serials) const;

 private:
  const Ledger& ledger_;
  const IssuerTable& issuers_;
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_OWN_CERTIFICATES_H_
