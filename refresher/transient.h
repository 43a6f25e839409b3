#ifndef CHANCERY_REFRESHER_TRANSIENT_H_
#define CHANCERY_REFRESHER_TRANSIENT_H_

#include "absl/status/status.h"

namespace chancery::refresher {

// Whether a call that failed so may succeed later without anybody's help: the
// peer is away, slow or busy.
inline bool IsTransient(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kResourceExhausted:
      return true;
    default:
      return false;
  }
}

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_TRANSIENT_H_
