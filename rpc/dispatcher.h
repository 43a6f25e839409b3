// What all handlers of a process share: threads, roles, the log.
#ifndef CHANCERY_RPC_DISPATCHER_H_
#define CHANCERY_RPC_DISPATCHER_H_

#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/support/status.h"
#include "rpc/identity.h"
#include "rpc/log.h"
#include "rpc/roles.h"
#include "rpc/worker_pool.h"

namespace chancery::rpc {

// Lets a call in, runs it on the pool and translates how it ended. Services use
// it through Unary (unary.h), ServerStream and ClientStream (stream.h). What it
// is given must outlive it. Thread-safe.
class Dispatcher {
 public:
  Dispatcher(WorkerPool& pool, const RoleTable& roles, const Log& log)
      : pool_(pool), roles_(roles), log_(log) {}

  // Who calls, if they have `role`. A refusal is logged.
  absl::StatusOr<Identity> Admit(const grpc::ServerContextBase& context,
                                 Role role, const char* method) const;

  // ResourceExhausted if the pool's queue is full.
  absl::Status Run(std::function<void()> job) const;

  // ToGrpc; a private message is logged, with the method and the caller.
  grpc::Status Finish(const absl::Status& status, const Identity& caller,
                      const char* method) const;

 private:
  WorkerPool& pool_;
  const RoleTable& roles_;
  const Log& log_;
};

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_DISPATCHER_H_
