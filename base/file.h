// Whole files: read with a bound, written so that a crash leaves the old or the
// new content and never a part.
#ifndef CHANCERY_BASE_FILE_H_
#define CHANCERY_BASE_FILE_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/bytes.h"

namespace chancery::base {

// The content of `path`. NotFound, PermissionDenied or Unavailable name the
// path; InvalidArgument if it holds more than `max_size` bytes.
absl::StatusOr<std::string> ReadFile(const std::string& path,
                                     size_t max_size = 16 << 20);

// Replaces `path` with `content` by a rename, synced with its folder before it
// returns. `mode` is exact (no umask); keys are written with 0600.
absl::Status WriteFileAtomically(const std::string& path, Bytes content,
                                 int mode = 0644);

// As WriteFileAtomically, but AlreadyExists if `path` is there: a key is never
// overwritten.
absl::Status CreateFile(const std::string& path, Bytes content,
                        int mode = 0644);

// Makes `path` and its parents (mode 0700 for what it makes). OK if it exists.
absl::Status MakeDirectories(const std::string& path);

}  // namespace chancery::base

#endif  // CHANCERY_BASE_FILE_H_
