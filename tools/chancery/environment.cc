#include "tools/chancery/environment.h"

#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace chancery::cli {

absl::StatusOr<std::string> AbsolutePath(const std::string& path) {
  if (path.empty()) return path;
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  if (error) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": ", error.message()));
  }
  std::string text = absolute.lexically_normal().string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

absl::StatusOr<std::string> ClusterFolder(const Globals& globals) {
  if (globals.dir.empty()) {
    return absl::InvalidArgumentError(
        "which cluster? Name its folder with --dir DIR, or in the environment "
        "variable CHANCERY_DIR");
  }
  return AbsolutePath(globals.dir);
}

absl::StatusOr<std::string> ConfigFile(const Globals& globals) {
  if (!globals.config.empty()) return AbsolutePath(globals.config);
  ASSIGN_OR_RETURN(const std::string folder, ClusterFolder(globals));
  return absl::StrCat(folder, "/config/cli.textproto");
}

}  // namespace chancery::cli
