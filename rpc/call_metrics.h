// Counts the calls that a server answers.
#ifndef CHANCERY_RPC_CALL_METRICS_H_
#define CHANCERY_RPC_CALL_METRICS_H_

#include <memory>

#include "grpcpp/support/server_interceptor.h"
#include "rpc/metrics.h"

namespace chancery::rpc {

// For ServerBuilder: each call adds to chancery_rpc_calls_total{method, code}
// and chancery_rpc_seconds{method} when its status is sent. `metrics` must
// outlive the server.
std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>
MakeCallMetrics(Metrics& metrics);

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_CALL_METRICS_H_
