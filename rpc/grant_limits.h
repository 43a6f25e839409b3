// What the roles of a grant are limited to.
#ifndef CHANCERY_RPC_GRANT_LIMITS_H_
#define CHANCERY_RPC_GRANT_LIMITS_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "rpc/name_limits.h"

namespace chancery::config {
class Grant;
}

namespace chancery::rpc {

// Empty, absent and zero: no limit. Immutable; thread-safe.
struct GrantLimits {
  std::set<std::string> profiles = {};
  std::set<std::string> issuers = {};
  std::optional<NameLimits> names = {};
  bool revoke_own = false;
  uint32_t max_issued_per_hour = 0;
};

// InvalidArgument names the field below `field`, its value and the rule: an
// empty or repeated profile or issuer, names that allow none, a pattern that
// cannot be meant, and a limit of a role that the grant does not have.
absl::StatusOr<GrantLimits> ReadGrantLimits(const config::Grant& grant,
                                            const std::string& field);

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_GRANT_LIMITS_H_
