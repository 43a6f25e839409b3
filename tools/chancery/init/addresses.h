// Where each process of a cluster on one machine listens.
#ifndef CHANCERY_TOOLS_CHANCERY_INIT_ADDRESSES_H_
#define CHANCERY_TOOLS_CHANCERY_INIT_ADDRESSES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/chancery/init/layout.h"

namespace chancery::cli {

// All are "host:port", but for a Unix socket ("unix:/path").
struct ServiceAddresses {
  std::string name;  // Of the process.
  std::string grpc;
  std::string admin;  // Metrics and health over HTTP.
  std::string http;   // Responders: OCSP and CRLs.
};

struct Addresses {
  ServiceAddresses signer, refresher, authority;
  std::vector<ServiceAddresses> responders;
};

// Free ports of the loopback interface; for the signer a Unix socket in the
// cluster's folder, unless its path is too long for one.
absl::StatusOr<Addresses> ChooseAddresses(const Layout& layout,
                                          uint32_t responders);

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_INIT_ADDRESSES_H_
