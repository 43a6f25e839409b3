#include "ledger/airgap/file_error.h"

#include <cerrno>

#include "base/file_error.h"

namespace chancery::airgap {

absl::Status FromErrno(int error, absl::string_view verb,
                       absl::string_view path) {
  absl::Status status = base::FromErrno(error, verb, path);
  if (error == EROFS) return absl::PermissionDeniedError(status.message());
  if (error == EFBIG) return absl::ResourceExhaustedError(status.message());
  return status;
}

}  // namespace chancery::airgap
