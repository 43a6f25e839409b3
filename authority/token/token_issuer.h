// Certificates for clients that have an HMAC key.
#ifndef CHANCERY_AUTHORITY_TOKEN_TOKEN_ISSUER_H_
#define CHANCERY_AUTHORITY_TOKEN_TOKEN_ISSUER_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "authority/certificate_authority.h"
#include "authority/issuer_directory.h"
#include "authority/token/replay_guard.h"
#include "authority/token/signed_request.h"
#include "authority/token/token_clients.h"
#include "base/clock.h"
#include "rpc/gate.h"

namespace chancery::authority {

// From a signed request to a certificate: whose it is, that it was not here
// before, whether that client may, and what it gets.
//
// Replays. What a client signs has no time in it, so nothing tells the client's
// own repetition from a recording. For twice the window both are refused; after
// that both get the certificate that was made (its request id is a hash of the
// token, which the ledger remembers for ever), or, where the client's
// renew_after is set, now and then a new one for the same key and names. At
// another authority of the same inventory both get that certificate, too.
// Thread-safe.
class TokenIssuer {
 public:
  struct Parts {
    const TokenClients& clients;
    ReplayGuard& replays;
    CertificateAuthority& authority;
    const IssuerDirectory& issuers;
    const rpc::Gate& gate;
    const base::Clock& clock;
    absl::Duration window = absl::Minutes(5);
  };
  // All parts must outlive this object.
  explicit TokenIssuer(const Parts& parts) : parts_(parts) {}

  // `body` as ParseSignedRequest; `relay` passes it on.
  // Unauthenticated, AlreadyExists: see above. PermissionDenied: not granted to
  // the client. InvalidArgument: a field; hosts that are not the CSR's names.
  // Others as CertificateAuthority::Issue.
  absl::StatusOr<Issued> Issue(const std::string& body,
                               const rpc::Identity& relay);

 private:
  absl::StatusOr<Issued> IssueTo(const TokenClient& client,
                                 const SignRequest& request,
                                 const std::string& request_id,
                                 const rpc::Identity& relay);
  // As CertificateAuthority::Issue, unless another authority has carried out
  // this order: the signer tells those apart, the inventory does not.
  absl::StatusOr<Issued> IssueOnce(const IssueOrder& order);
  absl::StatusOr<std::string> IssuerOf(const SignRequest& request) const;

  const Parts parts_;
};

}  // namespace chancery::authority

#endif  // CHANCERY_AUTHORITY_TOKEN_TOKEN_ISSUER_H_
