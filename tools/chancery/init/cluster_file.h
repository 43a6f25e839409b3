// cluster.json: which processes make up the cluster, for whatever starts them.
#ifndef CHANCERY_TOOLS_CHANCERY_INIT_CLUSTER_FILE_H_
#define CHANCERY_TOOLS_CHANCERY_INIT_CLUSTER_FILE_H_

#include <string>

#include "tools/chancery/init/addresses.h"

namespace chancery::cli {

// {"processes": [{"name", "binary", "config", "ready_url"}], in the order in
// which they are best started, "responders": [{"name", "url"}]}. Paths are
// relative to the cluster's folder.
std::string FormatClusterFile(const std::string& cluster,
                              const Addresses& addresses);

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_INIT_CLUSTER_FILE_H_
