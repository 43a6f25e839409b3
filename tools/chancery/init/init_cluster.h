// Makes a cluster: keys, certificates, identities, configurations.
#ifndef CHANCERY_TOOLS_CHANCERY_INIT_INIT_CLUSTER_H_
#define CHANCERY_TOOLS_CHANCERY_INIT_INIT_CLUSTER_H_

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/random.h"
#include "tools/chancery/init/addresses.h"
#include "tools/chancery/init/init_options.h"

namespace chancery::cli {

struct NewCluster {
  Addresses addresses;
  // Whether an interrupted init's remains were cleared away first.
  bool cleared = false;
};

// Leaves a whole cluster or none (new_folder.h). `options` have passed
// CheckInitOptions, with absolute paths.
// AlreadyExists, FailedPrecondition: the folder; see NewFolder.
// NotFound, PermissionDenied: the token or a file that an option names.
absl::StatusOr<NewCluster> InitCluster(const InitOptions& options,
                                       const base::Clock& clock,
                                       base::Random& random);

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_INIT_INIT_CLUSTER_H_
