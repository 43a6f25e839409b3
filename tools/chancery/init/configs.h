// The configuration of each process of a new cluster.
#ifndef CHANCERY_TOOLS_CHANCERY_INIT_CONFIGS_H_
#define CHANCERY_TOOLS_CHANCERY_INIT_CONFIGS_H_

#include <map>
#include <string>

#include "crypto/key_source.h"
#include "tools/chancery/init/addresses.h"
#include "tools/chancery/init/init_options.h"
#include "tools/chancery/init/layout.h"

namespace chancery::cli {

// Where the signer finds its keys.
struct SignerKeys {
  crypto::KeySource issuing, ocsp, manifest;
};

// Textprotos by process name, "cli" among them. Every grant names one exact
// URI and no more than that process needs (TRUST 9).
std::map<std::string, std::string> FormatConfigs(const InitOptions& options,
                                                 const Layout& layout,
                                                 const Addresses& addresses,
                                                 const SignerKeys& keys);

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_INIT_CONFIGS_H_
