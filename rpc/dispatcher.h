// What all handlers of a process share: threads, the gate, the log.
#ifndef CHANCERY_RPC_DISPATCHER_H_
#define CHANCERY_RPC_DISPATCHER_H_

#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "grpcpp/support/status.h"
#include "rpc/demand.h"
#include "rpc/gate.h"
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
      : Dispatcher(pool, roles, log, {}, base::SystemClock()) {}
  Dispatcher(WorkerPool& pool, const RoleTable& roles, const Log& log,
             GateMemory memory, const base::Clock& clock)
      : pool_(pool), gate_(roles, log, memory, clock) {}

  const Gate& gate() const { return gate_; }

  // Who calls, if they have the role. A refusal is logged.
  absl::StatusOr<Identity> Admit(const grpc::ServerContextBase& context,
                                 const Demand& demand,
                                 const char* method) const {
    return gate_.Admit(context, demand, method);
  }

  // ResourceExhausted if the pool's queue is full.
  absl::Status Run(std::function<void()> job) const;

  // When the decision has to be on disk: with the handler's answer, or before
  // the handler, which answers meanwhile.
  enum class Recorded { kBeforeAnswer, kBeforeHandler };

  // In the pool: decides, and if it may be, does it; what the caller is told.
  grpc::Status Handle(const Identity& caller, const Demand& demand,
                      const char* method, Recorded recorded,
                      const std::function<absl::Status()>& handler) const;

 private:
  WorkerPool& pool_;
  const Gate gate_;
};

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_DISPATCHER_H_
