#include "rpc/dispatcher.h"

#include <utility>

#include "rpc/status.h"

namespace chancery::rpc {

absl::Status Dispatcher::Run(std::function<void()> job) const {
  if (pool_.TryRun(std::move(job))) return absl::OkStatus();
  return absl::ResourceExhaustedError("too many calls are waiting: try later");
}

grpc::Status Dispatcher::Handle(
    const Identity& caller, const Demand& demand, const char* method,
    Recorded recorded, const std::function<absl::Status()>& handler) const {
  const absl::StatusOr<Decision> decision =
      gate_.Decide(caller, demand, method);
  absl::Status done = decision.status();
  if (done.ok() && recorded == Recorded::kBeforeHandler) {
    done = gate_.Conclude(done, caller, demand, *decision, method);
  }
  if (done.ok()) {
    done = gate_.Conclude(handler(), caller, demand, *decision, method);
  }
  return ToGrpc(done);
}

}  // namespace chancery::rpc
