#include "rpc/roles.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "chancery/config/common.pb.h"
#include "rpc/config.h"

namespace chancery::rpc {
namespace {

static_assert(static_cast<int>(Role::kIssue) == config::ROLE_ISSUE);
static_assert(static_cast<int>(Role::kRevoke) == config::ROLE_REVOKE);
static_assert(static_cast<int>(Role::kPresign) == config::ROLE_PRESIGN);
static_assert(static_cast<int>(Role::kCrl) == config::ROLE_CRL);
static_assert(static_cast<int>(Role::kImport) == config::ROLE_IMPORT);
static_assert(static_cast<int>(Role::kRead) == config::ROLE_READ);
static_assert(static_cast<int>(Role::kPublish) == config::ROLE_PUBLISH);
static_assert(static_cast<int>(Role::kPush) == config::ROLE_PUSH);
static_assert(static_cast<int>(Role::kAdmin) == config::ROLE_ADMIN);
static_assert(static_cast<int>(Role::kApprove) == config::ROLE_APPROVE);
static_assert(static_cast<int>(Role::kApprove) == config::Role_MAX);

absl::StatusOr<std::set<Role>> RolesOf(const config::Grant& grant,
                                       const std::string& field) {
  if (grant.role().empty()) {
    return ConfigError(field, "", "give at least one role or drop the grant");
  }
  std::set<Role> roles;
  for (const int role : grant.role()) {
    if (role == config::ROLE_UNSPECIFIED || !config::Role_IsValid(role)) {
      return ConfigError(field, absl::StrCat(role), "is no role");
    }
    if (!roles.insert(static_cast<Role>(role)).second) {
      return ConfigError(field, RoleName(static_cast<Role>(role)),
                         "is given twice");
    }
  }
  return roles;
}

}  // namespace

absl::string_view RoleName(Role role) {
  switch (role) {
    case Role::kIssue:
      return "issue";
    case Role::kRevoke:
      return "revoke";
    case Role::kPresign:
      return "presign";
    case Role::kCrl:
      return "crl";
    case Role::kImport:
      return "import";
    case Role::kRead:
      return "read";
    case Role::kPublish:
      return "publish";
    case Role::kPush:
      return "push";
    case Role::kAdmin:
      return "admin";
    case Role::kApprove:
      return "approve";
  }
  return "unknown";
}

absl::StatusOr<RoleTable> RoleTable::Create(
    const google::protobuf::RepeatedPtrField<config::Grant>& grants) {
  RoleTable table;
  for (int i = 0; i < grants.size(); ++i) {
    const config::Grant& grant = grants[i];
    const std::string field = absl::StrCat("grant[", i, "]");
    if (const auto parsed = ParseIdentity(grant.uri()); !parsed.ok()) {
      return ConfigError(field + ".uri", grant.uri(),
                         parsed.status().message());
    }
    ASSIGN_OR_RETURN(std::set<Role> roles, RolesOf(grant, field + ".role"));
    if (!table.roles_.emplace(grant.uri(), std::move(roles)).second) {
      return ConfigError(field + ".uri", grant.uri(),
                         "has a grant already: one grant for each identity");
    }
  }
  return table;
}

absl::Status RoleTable::Check(const Identity& caller, Role role) const {
  const auto found = roles_.find(caller.uri);
  if (found != roles_.end() && found->second.count(role) > 0) {
    return absl::OkStatus();
  }
  return absl::PermissionDeniedError(
      absl::StrCat(caller.uri, " has no role `", RoleName(role), "` here"));
}

absl::StatusOr<Identity> Authorize(const grpc::ServerContextBase& context,
                                   const RoleTable& roles, Role role) {
  ASSIGN_OR_RETURN(Identity caller, PeerIdentity(context));
  RETURN_IF_ERROR(roles.Check(caller, role));
  return caller;
}

}  // namespace chancery::rpc
