#include "tools/chancery/key_set/pinned_key_set.h"

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "chancery/config/cli.pb.h"

namespace chancery::cli {
namespace {

constexpr size_t kMaxFileBytes = 64 << 20;

template <typename T>
absl::StatusOr<T> In(const std::string& path, absl::StatusOr<T> read) {
  if (read.ok()) return read;
  return absl::Status(read.status().code(),
                      absl::StrCat(path, ": ", read.status().message()));
}

}  // namespace

absl::StatusOr<block::KeySetRoots> ReadKeySetRoots(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string pem, base::ReadFile(path, kMaxFileBytes));
  return In(path, block::ParseKeySetRoots(pem));
}

absl::StatusOr<block::KeySetFile> ReadKeySetFile(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string bytes,
                   base::ReadFile(path, kMaxFileBytes));
  return In(path, block::KeySetFile::Parse(base::AsBytes(bytes)));
}

absl::StatusOr<block::KeySet> PinnedKeySet(const config::Cli& config) {
  const std::string& path = config.key_set_file();
  if (path.empty() || config.key_set_root_file().empty()) {
    return absl::FailedPreconditionError(
        "the configuration's key_set_file and key_set_root_file are missing: "
        "write the paths of what responders pin");
  }
  ASSIGN_OR_RETURN(const block::KeySetRoots roots,
                   ReadKeySetRoots(config.key_set_root_file()));
  ASSIGN_OR_RETURN(const std::string bytes,
                   base::ReadFile(path, kMaxFileBytes));
  return In(path, block::OpenKeySet(base::AsBytes(bytes), roots));
}

}  // namespace chancery::cli
