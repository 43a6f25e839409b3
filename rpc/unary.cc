#include "rpc/unary.h"

#include <utility>

#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"
#include "rpc/status.h"

namespace chancery::rpc {

grpc::ServerUnaryReactor* Unary(
    const Dispatcher& dispatcher, grpc::CallbackServerContext* context,
    Demand demand, std::function<absl::Status(const Identity&)> handler,
    const char* method) {
  return UnaryWhen(
      dispatcher, context, std::move(demand),
      [](const std::function<void()>& run) { run(); }, std::move(handler),
      method);
}

grpc::ServerUnaryReactor* UnaryWhen(
    const Dispatcher& dispatcher, grpc::CallbackServerContext* context,
    Demand demand, const std::function<void(std::function<void()> run)>& begin,
    std::function<absl::Status(const Identity&)> handler, const char* method) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const absl::StatusOr<Identity> caller =
      dispatcher.Admit(*context, demand, method);
  if (!caller.ok()) {
    reactor->Finish(ToGrpc(caller.status()));
    return reactor;
  }
  begin([&dispatcher, context, reactor, caller = *caller,
         demand = std::move(demand), method, handler = std::move(handler)] {
    const absl::Status started = dispatcher.Run(
        [&dispatcher, context, reactor, caller, demand, method, handler] {
          reactor->Finish(dispatcher.Handle(
              caller, demand, method, Dispatcher::Recorded::kBeforeAnswer,
              [&]() -> absl::Status {
                // It may have waited in the queue for longer than the caller
                // has.
                if (context->IsCancelled()) {
                  return absl::CancelledError("the caller is gone");
                }
                return handler(caller);
              }));
        });
    if (!started.ok()) reactor->Finish(ToGrpc(started));
  });
  return reactor;
}

}  // namespace chancery::rpc
