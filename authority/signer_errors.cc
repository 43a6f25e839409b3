#include "authority/signer_errors.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "rpc/status.h"

namespace chancery::authority {

absl::Status FromSigner(const grpc::Status& status) {
  absl::Status ours = rpc::FromGrpc(status);
  if (absl::StartsWith(ours.message(), "limit: ") ||
      absl::StartsWith(ours.message(), "order: ")) {
    return ours;
  }
  switch (ours.code()) {
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kAborted:
      return absl::UnavailableError(
          absl::StrCat("signer: ", std::string(ours.message())));
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      return absl::InternalError(absl::StrCat("signer refuses this authority: ",
                                              std::string(ours.message())));
    default:
      return ours;
  }
}

}  // namespace chancery::authority
