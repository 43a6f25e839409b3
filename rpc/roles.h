// Which identity may do what: exact URIs, no patterns, nothing by default
// (TRUST 9).
//
//   ASSIGN_OR_RETURN(RoleTable roles, RoleTable::Create(config.grant()));
//   RETURN_IF_ERROR(roles.Check(caller, Role::kRevoke));
//
// What a role is limited to is decided beside what is asked for (gate.h).
#ifndef CHANCERY_RPC_ROLES_H_
#define CHANCERY_RPC_ROLES_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rpc/grant_limits.h"
#include "rpc/identity.h"

namespace google::protobuf {
template <typename T>
class RepeatedPtrField;
}
namespace chancery::config {
class Grant;
}

namespace chancery::rpc {

// chancery.config.Role, with its numbers.
enum class Role {
  kIssue = 1,
  kRevoke = 2,
  kPresign = 3,
  kCrl = 4,
  kImport = 5,
  kRead = 6,
  kPublish = 7,
  kPush = 8,
  kAdmin = 9,
  kApprove = 10,
  kRelay = 11,
};

// "issue", "revoke", ...
absl::string_view RoleName(Role role);

// Immutable; thread-safe.
class RoleTable {
 public:
  // Nobody may do anything.
  RoleTable() = default;

  // InvalidArgument for a malformed or repeated URI, a grant without roles, a
  // role that is unspecified, unknown or repeated, limits as ReadGrantLimits,
  // and for roles that one identity must not have together: who approves orders
  // is there to be somebody else than who issues, revokes, imports or operates.
  static absl::StatusOr<RoleTable> Create(
      const google::protobuf::RepeatedPtrField<config::Grant>& grants);

  // PermissionDenied, naming the URI and the missing role.
  absl::Status Check(const Identity& caller, Role role) const;

  // Of an identity without a grant: none, and no roles either. Valid as long as
  // the table.
  const GrantLimits& LimitsOf(const Identity& caller) const;

  // The URIs of those that have max_issued_per_hour.
  std::vector<std::string> WithLimitedRate() const;

 private:
  struct Granted {
    std::set<Role> roles;
    GrantLimits limits;
  };
  std::map<std::string, Granted> grants_;
};

// PeerIdentity, then Check.
absl::StatusOr<Identity> Authorize(const grpc::ServerContextBase& context,
                                   const RoleTable& roles, Role role);

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_ROLES_H_
