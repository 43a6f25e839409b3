#include "rpc/check_config.h"

#include <string>

#include "base/status_macros.h"
#include "chancery/config/common.pb.h"
#include "rpc/address.h"
#include "rpc/config.h"

namespace chancery::rpc {

absl::Status CheckIdentity(const config::TlsIdentity& identity) {
  RETURN_IF_ERROR(
      RequireSet("identity.certificate_file", identity.certificate_file()));
  RETURN_IF_ERROR(RequireSet("identity.key_file", identity.key_file()));
  return RequireSet("identity.trust_file", identity.trust_file());
}

absl::Status CheckListen(const config::Listen& listen) {
  for (const std::string& address : listen.address()) {
    const absl::Status parsed = ParseAddress(address).status();
    if (!parsed.ok()) {
      return ConfigError("listen.address", address, parsed.message());
    }
  }
  return absl::OkStatus();
}

}  // namespace chancery::rpc
