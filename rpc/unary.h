// A unary method of a callback service whose handler is a plain function.
//
//   grpc::ServerUnaryReactor* GetStatus(
//       grpc::CallbackServerContext* context, const GetStatusRequest* request,
//       GetStatusResponse* response) override {
//     return rpc::Unary(dispatcher_, context, rpc::Role::kRead,
//                       [=, this](const rpc::Identity&) -> absl::Status {
//                         return Fill(*request, *response);
//                       });
//   }
#ifndef CHANCERY_RPC_UNARY_H_
#define CHANCERY_RPC_UNARY_H_

#include <functional>

#include "absl/status/status.h"
#include "rpc/demand.h"
#include "rpc/dispatcher.h"

namespace grpc {
class CallbackServerContext;
class ServerUnaryReactor;
}  // namespace grpc

namespace chancery::rpc {

// Refuses callers who may not have what is demanded (demand.h); runs `handler`
// on the pool, unless the caller has given up by then; ends the call with what
// it returned, once the decision is in the audit log. Request, response and
// context are valid until the handler returns, and what the demand holds of
// them must be copies or be looked at within it. The handler may block.
// `method` is the calling method's name, for the logs.
grpc::ServerUnaryReactor* Unary(
    const Dispatcher& dispatcher, grpc::CallbackServerContext* context,
    Demand demand, std::function<absl::Status(const Identity&)> handler,
    const char* method = __builtin_FUNCTION());

// As Unary, but the handler runs once `begin` has called what it is given: now
// or later, in any thread, exactly once. `begin` must not block.
grpc::ServerUnaryReactor* UnaryWhen(
    const Dispatcher& dispatcher, grpc::CallbackServerContext* context,
    Demand demand, const std::function<void(std::function<void()> run)>& begin,
    std::function<absl::Status(const Identity&)> handler,
    const char* method = __builtin_FUNCTION());

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_UNARY_H_
