#include "signer/origin.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "crypto/digest.h"

namespace chancery::signer {

absl::StatusOr<ledger::Origin> MakeOrigin(
    const Asker& asker, std::initializer_list<absl::string_view> parts) {
  if (asker.request_id.empty() ||
      asker.request_id.size() > ledger::kMaxRequestIdSize) {
    return absl::InvalidArgumentError(absl::StrCat(
        "request_id: has ", asker.request_id.size(), " bytes; 1 to ",
        ledger::kMaxRequestIdSize, " are allowed"));
  }
  if (asker.requester.size() > ledger::kMaxUriSize) {
    return absl::InvalidArgumentError(absl::StrCat(
        "requester: has more than ", ledger::kMaxUriSize, " bytes"));
  }
  crypto::Sha256Stream hash;
  for (const absl::string_view part : parts) {
    const std::string size = absl::StrCat(part.size(), ":");
    hash.Update(base::AsBytes(size)).Update(base::AsBytes(part));
  }
  return ledger::Origin{.caller = asker.caller_uri,
                        .requester = asker.requester,
                        .request_id = asker.request_id,
                        .request_hash = base::ToString(hash.Finish())};
}

absl::Status UsedForAnother(const ledger::Origin& origin) {
  return absl::AlreadyExistsError(absl::StrCat(
      "request_id: \"", origin.request_id, "\" was used for another request"));
}

}  // namespace chancery::signer
