#include "rpc/dispatcher.h"

#include <utility>

#include "grpcpp/server_context.h"
#include "rpc/status.h"

namespace chancery::rpc {

absl::StatusOr<Identity> Dispatcher::Admit(
    const grpc::ServerContextBase& context, Role role,
    const char* method) const {
  auto caller = Authorize(context, roles_, role);
  if (!caller.ok()) {
    log_.Warning("call_refused", {{"method", method},
                                  {"peer", context.peer()},
                                  {"reason", caller.status().message()}});
  }
  return caller;
}

absl::Status Dispatcher::Run(std::function<void()> job) const {
  if (pool_.TryRun(std::move(job))) return absl::OkStatus();
  return absl::ResourceExhaustedError("too many calls are waiting: try later");
}

grpc::Status Dispatcher::Finish(const absl::Status& status,
                                const Identity& caller,
                                const char* method) const {
  if (IsPrivate(status)) {
    log_.Error("call_failed",
               {{"method", method}, {"caller", caller.uri}, {"error", status}});
  }
  return ToGrpc(status);
}

}  // namespace chancery::rpc
