#ifndef CHANCERY_RPC_VERSION_H_
#define CHANCERY_RPC_VERSION_H_

namespace chancery::rpc {

// Of this source tree: --version and status calls report it.
inline constexpr char kVersion[] = "0.1.0";

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_VERSION_H_
