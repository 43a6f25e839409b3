#include "rpc/grant_limits.h"

#include <algorithm>
#include <initializer_list>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "chancery/config/common.pb.h"
#include "rpc/config.h"

namespace chancery::rpc {
namespace {

using Texts = google::protobuf::RepeatedPtrField<std::string>;

absl::StatusOr<std::set<std::string>> ReadSet(const Texts& texts,
                                              const std::string& field) {
  std::set<std::string> out;
  for (const std::string& text : texts) {
    RETURN_IF_ERROR(RequireSet(field, text));
    if (!out.insert(text).second) {
      return ConfigError(field, text, "is given twice");
    }
  }
  return out;
}

absl::Status ReadPatterns(const Texts& patterns, NameLimits::Kind kind,
                          const std::string& field, NameLimits& out) {
  for (const std::string& pattern : patterns) {
    const absl::Status allowed = out.Allow(kind, pattern);
    if (!allowed.ok()) return ConfigError(field, pattern, allowed.message());
  }
  return absl::OkStatus();
}

absl::StatusOr<NameLimits> ReadNames(const config::AllowedNames& names,
                                     const std::string& field) {
  if (names.dns().empty() && names.email().empty() && names.ip().empty() &&
      names.uri().empty()) {
    return ConfigError(field, "", "allows no name: name some, or drop it");
  }
  using Kind = NameLimits::Kind;
  NameLimits out;
  RETURN_IF_ERROR(ReadPatterns(names.dns(), Kind::kDns, field + ".dns", out));
  RETURN_IF_ERROR(
      ReadPatterns(names.email(), Kind::kEmail, field + ".email", out));
  RETURN_IF_ERROR(ReadPatterns(names.ip(), Kind::kIp, field + ".ip", out));
  RETURN_IF_ERROR(ReadPatterns(names.uri(), Kind::kUri, field + ".uri", out));
  return out;
}

// Whoever limits a role that is not there meant to grant it.
absl::Status CheckApplies(const config::Grant& grant, bool is_set,
                          std::initializer_list<config::Role> roles,
                          const std::string& field) {
  if (!is_set) return absl::OkStatus();
  for (const config::Role role : roles) {
    const auto& granted = grant.role();
    if (std::find(granted.begin(), granted.end(), role) != granted.end()) {
      return absl::OkStatus();
    }
  }
  return ConfigError(field, grant.uri(),
                     "limits a role that this identity does not have");
}

}  // namespace

absl::StatusOr<GrantLimits> ReadGrantLimits(const config::Grant& grant,
                                            const std::string& field) {
  using config::ROLE_ISSUE;
  using config::ROLE_REVOKE;
  RETURN_IF_ERROR(CheckApplies(grant, !grant.profile().empty(), {ROLE_ISSUE},
                               field + ".profile"));
  RETURN_IF_ERROR(CheckApplies(
      grant, !grant.issuer().empty(),
      {ROLE_ISSUE, ROLE_REVOKE, config::ROLE_CRL, config::ROLE_IMPORT},
      field + ".issuer"));
  RETURN_IF_ERROR(
      CheckApplies(grant, grant.has_names(), {ROLE_ISSUE}, field + ".names"));
  RETURN_IF_ERROR(CheckApplies(grant, grant.revoke_own(), {ROLE_REVOKE},
                               field + ".revoke_own"));
  RETURN_IF_ERROR(CheckApplies(grant, grant.max_issued_per_hour() != 0,
                               {ROLE_ISSUE}, field + ".max_issued_per_hour"));
  GrantLimits out;
  ASSIGN_OR_RETURN(out.profiles, ReadSet(grant.profile(), field + ".profile"));
  ASSIGN_OR_RETURN(out.issuers, ReadSet(grant.issuer(), field + ".issuer"));
  if (grant.has_names()) {
    ASSIGN_OR_RETURN(out.names, ReadNames(grant.names(), field + ".names"));
  }
  out.revoke_own = grant.revoke_own();
  out.max_issued_per_hour = grant.max_issued_per_hour();
  return out;
}

}  // namespace chancery::rpc
