#include "tools/chancery/init/addresses.h"

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tools/chancery/init/free_ports.h"

namespace chancery::cli {
namespace {

// sun_path has 108 bytes; some room is left for what a service appends.
constexpr size_t kMaxSocketPath = 100;

}  // namespace

absl::StatusOr<Addresses> ChooseAddresses(const Layout& layout,
                                          uint32_t responders) {
  ASSIGN_OR_RETURN(const std::vector<uint16_t> ports,
                   FreePorts(6 + 3 * static_cast<size_t>(responders)));
  size_t next = 0;
  const auto take = [&] { return absl::StrCat("127.0.0.1:", ports[next++]); };
  const auto service = [&](const std::string& name) {
    ServiceAddresses addresses;
    addresses.name = name;
    addresses.grpc = take();
    addresses.admin = take();
    return addresses;
  };

  Addresses all;
  all.signer = service("signer");
  const std::string socket = layout.In("run/signer.sock");
  if (socket.size() <= kMaxSocketPath) {
    all.signer.grpc = absl::StrCat("unix:", socket);
  }
  all.refresher = service("refresher");
  all.authority = service("authority");
  for (uint32_t i = 1; i <= responders; ++i) {
    all.responders.push_back(service(ResponderPrincipal(i).name));
    all.responders.back().http = take();
  }
  return all;
}

}  // namespace chancery::cli
