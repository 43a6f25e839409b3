#ifndef CHANCERY_RPC_STATUS_H_
#define CHANCERY_RPC_STATUS_H_

#include "absl/status/status.h"
#include "grpcpp/support/status.h"

namespace chancery::rpc {

// Whether the message of `status` may name hosts, paths or keys, so that only
// our own log may have it: kInternal, kUnknown and kDataLoss.
bool IsPrivate(const absl::Status& status);

// The only place an internal error becomes a public one. Codes map one to one;
// a private message is replaced by "internal error". Dispatcher logs it.
grpc::Status ToGrpc(const absl::Status& status);

// What a call returned, as the caller's own error. Codes map one to one.
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_STATUS_H_
