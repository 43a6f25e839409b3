#ifndef CHANCERY_BASE_FILE_ERROR_H_
#define CHANCERY_BASE_FILE_ERROR_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace chancery::base {

// "cannot <verb> <path>: ...", as `error` of <cerrno> says: NotFound,
// AlreadyExists, PermissionDenied, ResourceExhausted (no room) or Unavailable.
absl::Status FromErrno(int error, absl::string_view verb,
                       absl::string_view path);

}  // namespace chancery::base

#endif  // CHANCERY_BASE_FILE_ERROR_H_
