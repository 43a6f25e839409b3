#ifndef CHANCERY_RPC_FLOW_CONTROL_H_
#define CHANCERY_RPC_FLOW_CONTROL_H_

namespace chancery::rpc {

// What a stream may have on its way before it is read: gRPC's own estimate
// grows to many megabytes when the reader is the slower one, and costs a ping
// for each answer. Enough for 20 MB a second over 50 ms.
inline constexpr int kStreamWindowBytes = 1 << 20;

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_FLOW_CONTROL_H_
