#ifndef CHANCERY_TOOLS_CHANCERY_KEY_SET_PINNED_KEY_SET_H_
#define CHANCERY_TOOLS_CHANCERY_KEY_SET_PINNED_KEY_SET_H_

#include <string>

#include "absl/status/statusor.h"
#include "block/key_set.h"
#include "block/key_set_file.h"

namespace chancery::config {
class Cli;
}  // namespace chancery::config

namespace chancery::cli {

// Errors of all three name the file.
absl::StatusOr<block::KeySetRoots> ReadKeySetRoots(const std::string& path);
absl::StatusOr<block::KeySetFile> ReadKeySetFile(const std::string& path);

// What responders pin: `key_set_file` under `key_set_root_file`.
// FailedPrecondition: the configuration does not name them.
absl::StatusOr<block::KeySet> PinnedKeySet(const config::Cli& config);

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_KEY_SET_PINNED_KEY_SET_H_
