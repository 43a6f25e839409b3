// What a command is given besides its own options.
#ifndef CHANCERY_TOOLS_CHANCERY_ENVIRONMENT_H_
#define CHANCERY_TOOLS_CHANCERY_ENVIRONMENT_H_

#include <ostream>
#include <string>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/random.h"

namespace chancery::cli {

// The options before or after any command.
struct Globals {
  std::string dir = {};     // --dir, or CHANCERY_DIR.
  std::string config = {};  // --config.
};

// All must outlive the command.
struct Environment {
  Globals globals;
  const base::Clock& clock;
  base::Random& random;
  std::ostream& out;  // Results.
  std::ostream& err;  // Remarks that are no part of a result.
  // `out` is a terminal whose owner has nothing against colours.
  bool colour = false;
};

// The cluster's folder as an absolute path without a trailing slash.
// InvalidArgument, saying what to type, if none was named.
absl::StatusOr<std::string> ClusterFolder(const Globals& globals);

// The path of the chancery.config.Cli to use. Errors as ClusterFolder.
absl::StatusOr<std::string> ConfigFile(const Globals& globals);

// `path` as it would be opened now, made absolute; "" stays "".
absl::StatusOr<std::string> AbsolutePath(const std::string& path);

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_ENVIRONMENT_H_
