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
static_assert(static_cast<int>(Role::kRelay) == config::ROLE_RELAY);
static_assert(static_cast<int>(Role::kRelay) == config::Role_MAX);

// TRUST 9, and 2: an order is a second person's.
absl::Status CheckTogether(const std::set<Role>& roles, const std::string& uri,
                           const std::string& field) {
  if (roles.count(Role::kApprove) == 0) return absl::OkStatus();
  for (const Role other :
       {Role::kIssue, Role::kRevoke, Role::kImport, Role::kAdmin}) {
    if (roles.count(other) == 0) continue;
    return ConfigError(
        field, uri,
        absl::StrCat("has `approve` and `", RoleName(other),
                     "`: an order has to come from somebody else"));
  }
  return absl::OkStatus();
}

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
    case Role::kRelay:
      return "relay";
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
    Granted granted;
    ASSIGN_OR_RETURN(granted.roles, RolesOf(grant, field + ".role"));
    RETURN_IF_ERROR(CheckTogether(granted.roles, grant.uri(), field + ".role"));
    ASSIGN_OR_RETURN(granted.limits, ReadGrantLimits(grant, field));
    if (!table.grants_.emplace(grant.uri(), std::move(granted)).second) {
      return ConfigError(field + ".uri", grant.uri(),
                         "has a grant already: one grant for each identity");
    }
  }
  return table;
}

absl::Status RoleTable::Check(const Identity& caller, Role role) const {
  const auto found = grants_.find(caller.uri);
  if (found != grants_.end() && found->second.roles.count(role) > 0) {
    return absl::OkStatus();
  }
  return absl::PermissionDeniedError(
      absl::StrCat(caller.uri, " has no role `", RoleName(role), "` here"));
}

const GrantLimits& RoleTable::LimitsOf(const Identity& caller) const {
  static const GrantLimits& none = *new GrantLimits();
  const auto found = grants_.find(caller.uri);
  return found == grants_.end() ? none : found->second.limits;
}

std::vector<std::string> RoleTable::WithLimitedRate() const {
  std::vector<std::string> out;
  for (const auto& [uri, granted] : grants_) {
    if (granted.limits.max_issued_per_hour != 0) out.push_back(uri);
  }
  return out;
}

absl::StatusOr<Identity> Authorize(const grpc::ServerContextBase& context,
                                   const RoleTable& roles, Role role) {
  ASSIGN_OR_RETURN(Identity caller, PeerIdentity(context));
  RETURN_IF_ERROR(roles.Check(caller, role));
  return caller;
}

}  // namespace chancery::rpc
