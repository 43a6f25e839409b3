// Answers calls of services that are not there yet.
#ifndef CHANCERY_RPC_REFUSE_ALL_H_
#define CHANCERY_RPC_REFUSE_ALL_H_

#include <functional>
#include <memory>

#include "absl/status/status.h"

namespace grpc {
class CallbackGenericService;
}

namespace chancery::rpc {

// For ServerOptions::otherwise: every call ends with what `why` returns at that
// time, which is not OK. `why` runs in gRPC's threads and must be quick.
std::unique_ptr<grpc::CallbackGenericService> MakeRefuseAll(
    std::function<absl::Status()> why);

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_REFUSE_ALL_H_
