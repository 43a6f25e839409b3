#include "rpc/unary.h"

#include <utility>

#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"
#include "rpc/status.h"

namespace chancery::rpc {

grpc::ServerUnaryReactor* Unary(
    const Dispatcher& dispatcher, grpc::CallbackServerContext* context,
    Role role, std::function<absl::Status(const Identity&)> handler,
    const char* method) {
  return UnaryWhen(
      dispatcher, context, role,
      [](const std::function<void()>& run) { run(); }, std::move(handler),
      method);
}

grpc::ServerUnaryReactor* UnaryWhen(
    const Dispatcher& dispatcher, grpc::CallbackServerContext* context,
    Role role, const std::function<void(std::function<void()> run)>& begin,
    std::function<absl::Status(const Identity&)> handler, const char* method) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const absl::StatusOr<Identity> caller =
      dispatcher.Admit(*context, role, method);
  if (!caller.ok()) {
    reactor->Finish(ToGrpc(caller.status()));
    return reactor;
  }
  begin([&dispatcher, context, reactor, caller = *caller, method,
         handler = std::move(handler)] {
    const absl::Status started = dispatcher.Run([&dispatcher, context, reactor,
                                                 caller, method, handler] {
      // It may have waited in the queue for longer than the caller has.
      const absl::Status done = context->IsCancelled()
                                    ? absl::CancelledError("the caller is gone")
                                    : handler(caller);
      reactor->Finish(dispatcher.Finish(done, caller, method));
    });
    if (!started.ok()) reactor->Finish(ToGrpc(started));
  });
  return reactor;
}

}  // namespace chancery::rpc
