#ifndef CHANCERY_SIGNER_AWAIT_ACTIVE_H_
#define CHANCERY_SIGNER_AWAIT_ACTIVE_H_

#include "absl/status/statusor.h"
#include "chancery/config/signer.pb.h"
#include "rpc/credentials.h"
#include "rpc/gate.h"
#include "rpc/process.h"
#include "rpc/roles.h"
#include "signer/standing.h"

namespace chancery::signer {

// A signer that may not sign: it tells why, and takes what it lacks. All other
// calls are Unavailable, with the reason. All must outlive the call.
struct Waiting {
  const config::Signer& config;
  const rpc::Credentials& credentials;
  const rpc::RoleTable& roles;
  rpc::GateMemory memory;
  rpc::Process& process;
  Standing& standing;
};

// Returns true once it may sign, at once if it may already; false when the
// process is to stop. Errors are those of the server's start and of the ledger.
absl::StatusOr<bool> AwaitActive(const Waiting& waiting);

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_AWAIT_ACTIVE_H_
