// What a call wants: a role, and what it is about.
//
//   rpc::Unary(dispatcher_, context, rpc::Role::kRead, handler);
//   rpc::Unary(dispatcher_, context,
//              {rpc::Role::kIssue, {.issuer = request->issuer(),
//                                   .profile = request->profile()}},
//              handler);
#ifndef CHANCERY_RPC_DEMAND_H_
#define CHANCERY_RPC_DEMAND_H_

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "rpc/identity.h"
#include "rpc/roles.h"
#include "x509/certificate/names.h"

namespace chancery::rpc {

// As far as the request says; nothing in it has been checked.
struct Subject {
  std::string issuer = {};  // By name.
  std::string profile = {};
  std::string serial = {};  // Magnitude.
  std::string object = {};  // "block 0a1b": whatever else it is about.
  uint64_t count = 0;       // Of how many certificates.
  std::string request_id = {};
  std::string requester = {};  // For whom the caller says it asks.

  // The names asked for. Its error ends the call. Runs in a worker, if the
  // caller's names are limited or, with `log_names`, written down.
  std::function<absl::StatusOr<std::vector<x509::AltName>>()> names = {};
  bool log_names = true;

  // PermissionDenied if it is about a certificate that the caller did not ask
  // for itself. Runs in a worker, if the caller may revoke only its own.
  std::function<absl::Status(const Identity& caller)> own = {};
};

struct Demand {
  Demand(Role role) : role(role) {}  // NOLINT: a role alone is a demand.
  Demand(Role role, Subject subject)
      : role(role), subject(std::move(subject)) {}

  // Of a call whose parts are decided about one by one (decide_each.h): only
  // the role is looked at, and nothing written down.
  static Demand Each(Role role) {
    Demand demand(role);
    demand.each_apart = true;
    return demand;
  }

  Role role;
  Subject subject = {};
  bool each_apart = false;
};

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_DEMAND_H_
