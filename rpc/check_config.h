// What every service's CheckConfig says of the parts that all configurations
// have. InvalidArgument names the field, its value and the rule.
#ifndef CHANCERY_RPC_CHECK_CONFIG_H_
#define CHANCERY_RPC_CHECK_CONFIG_H_

#include "absl/status/status.h"

namespace chancery::config {
class Listen;
class TlsIdentity;
}  // namespace chancery::config

namespace chancery::rpc {

// All three files are named. Credentials::Load looks into them.
absl::Status CheckIdentity(const config::TlsIdentity& identity);

// Each address is one. Whether there has to be one is for the service to know.
absl::Status CheckListen(const config::Listen& listen);

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_CHECK_CONFIG_H_
