#include "rpc/identity.h"

#include <grpc/grpc_security_constants.h>

#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "grpcpp/security/auth_context.h"
#include "grpcpp/server_context.h"

namespace chancery::rpc {
namespace {

constexpr absl::string_view kScheme = "spiffe://";
constexpr size_t kMaxPart = 63;

bool IsPart(absl::string_view part) {
  if (part.empty() || part.size() > kMaxPart || part == "." || part == "..") {
    return false;
  }
  for (const char c : part) {
    const bool allowed = absl::ascii_islower(c) || absl::ascii_isdigit(c) ||
                         c == '-' || c == '_' || c == '.';
    if (!allowed) return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<Identity> ParseIdentity(absl::string_view uri) {
  const absl::Status malformed = absl::InvalidArgumentError(
      absl::StrCat("identity `", uri,
                   "`: must be spiffe://<cluster>/<role>/<name>, each of "
                   "1 to 63 lower-case letters, digits, '-', '_' and '.'"));
  if (!absl::StartsWith(uri, kScheme)) return malformed;
  const std::vector<absl::string_view> parts =
      absl::StrSplit(uri.substr(kScheme.size()), '/');
  if (parts.size() != 3) return malformed;
  for (const absl::string_view part : parts) {
    if (!IsPart(part)) return malformed;
  }
  return Identity{.uri = std::string(uri),
                  .cluster = std::string(parts[0]),
                  .role = std::string(parts[1]),
                  .name = std::string(parts[2])};
}

absl::StatusOr<Identity> IdentityFromUris(
    const std::vector<std::string>& uris) {
  if (uris.size() != 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the certificate has ", uris.size(),
        " URI names: must be exactly one, spiffe://<cluster>/<role>/<name>"));
  }
  return ParseIdentity(uris[0]);
}

absl::StatusOr<Identity> PeerIdentity(const grpc::AuthContext& auth) {
  if (!auth.IsPeerAuthenticated()) {
    return absl::UnauthenticatedError(
        "the connection has no verified client certificate");
  }
  std::vector<std::string> uris;
  for (const grpc::string_ref& uri :
       auth.FindPropertyValues(GRPC_PEER_URI_PROPERTY_NAME)) {
    uris.emplace_back(uri.data(), uri.size());
  }
  auto identity = IdentityFromUris(uris);
  if (!identity.ok()) {
    return absl::UnauthenticatedError(identity.status().message());
  }
  return identity;
}

absl::StatusOr<Identity> PeerIdentity(const grpc::ServerContextBase& context) {
  return PeerIdentity(*context.auth_context());
}

}  // namespace chancery::rpc
