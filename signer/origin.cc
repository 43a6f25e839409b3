#include "signer/origin.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "crypto/digest.h"

namespace chancery::signer {

absl::StatusOr<Origin> MakeOrigin(
    const Asker& asker, std::initializer_list<absl::string_view> parts) {
  if (asker.request_id.empty() || asker.request_id.size() > kMaxRequestIdSize) {
    return absl::InvalidArgumentError(
        absl::StrCat("request_id: has ", asker.request_id.size(),
                     " bytes; 1 to ", kMaxRequestIdSize, " are allowed"));
  }
  if (asker.requester.size() > kMaxUriSize) {
    return absl::InvalidArgumentError(
        absl::StrCat("requester: has more than ", kMaxUriSize, " bytes"));
  }
  crypto::Sha256Stream hash;
  for (const absl::string_view part : parts) {
    const std::string size = absl::StrCat(part.size(), ":");
    hash.Update(base::AsBytes(size)).Update(base::AsBytes(part));
  }
  return Origin{.caller = asker.caller_uri,
                .requester = asker.requester,
                .request_id = asker.request_id,
                .request_hash = base::ToString(hash.Finish())};
}

absl::Status UsedForAnother(const Origin& origin) {
  return absl::AlreadyExistsError(absl::StrCat(
      "request_id: \"", origin.request_id, "\" was used for another request"));
}

}  // namespace chancery::signer
