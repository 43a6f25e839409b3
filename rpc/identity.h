// Who a process is: the one URI name in its certificate,
// spiffe://<cluster>/<role>/<name>.
//
// The role in the name says what the process is (signer, authority); what it
// may do is in the configuration of whom it calls (roles.h).
#ifndef CHANCERY_RPC_IDENTITY_H_
#define CHANCERY_RPC_IDENTITY_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace grpc {
class AuthContext;
class ServerContextBase;
}  // namespace grpc

namespace chancery::rpc {

struct Identity {
  std::string uri;  // The whole; the only part that is ever compared.
  std::string cluster;
  std::string role;
  std::string name;
};

// InvalidArgument unless `uri` is spiffe://<cluster>/<role>/<name>, each part
// of 1 to 63 lower-case letters, digits, '-', '_' and '.'.
absl::StatusOr<Identity> ParseIdentity(absl::string_view uri);

// The same for a certificate's URI names: there must be exactly one.
absl::StatusOr<Identity> IdentityFromUris(const std::vector<std::string>& uris);

// Who is calling, from the TLS handshake. Unauthenticated if the connection has
// no verified certificate or the certificate no identity.
absl::StatusOr<Identity> PeerIdentity(const grpc::ServerContextBase& context);
absl::StatusOr<Identity> PeerIdentity(const grpc::AuthContext& auth);

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_IDENTITY_H_
