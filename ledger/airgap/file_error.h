#ifndef CHANCERY_LEDGER_AIRGAP_FILE_ERROR_H_
#define CHANCERY_LEDGER_AIRGAP_FILE_ERROR_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace chancery::airgap {

// What a file could not be used for, as `error` of <cerrno> says: NotFound,
// PermissionDenied, ResourceExhausted (no room) or Unavailable. Names the path.
absl::Status FromErrno(int error, absl::string_view verb,
                       absl::string_view path);

}  // namespace chancery::airgap

#endif  // CHANCERY_LEDGER_AIRGAP_FILE_ERROR_H_
