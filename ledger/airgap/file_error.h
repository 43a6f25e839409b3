#ifndef CHANCERY_LEDGER_AIRGAP_FILE_ERROR_H_
#define CHANCERY_LEDGER_AIRGAP_FILE_ERROR_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace chancery::airgap {

// As base::FromErrno, of a medium that is carried: one that is write-protected
// is PermissionDenied, a file larger than it takes ResourceExhausted.
absl::Status FromErrno(int error, absl::string_view verb,
                       absl::string_view path);

}  // namespace chancery::airgap

#endif  // CHANCERY_LEDGER_AIRGAP_FILE_ERROR_H_
