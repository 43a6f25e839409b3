#include "signer/origin.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "base/utf8.h"
#include "crypto/digest.h"

namespace chancery::signer {
namespace {

// What a store of text refuses must not get into the ledger: whoever follows
// the ledger could never get past it.
absl::Status CheckText(absl::string_view field, const std::string& text) {
  if (base::IsPlainText(text)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": bytes ", base::Hex(base::AsBytes(text)),
                   " are not UTF-8 without control characters"));
}

}  // namespace

absl::Status CheckRequester(const std::string& requester) {
  if (requester.size() > ledger::kMaxUriSize) {
    return absl::InvalidArgumentError(
        absl::StrCat("requester: has ", requester.size(), " bytes; at most ",
                     ledger::kMaxUriSize, " are allowed"));
  }
  return CheckText("requester", requester);
}

absl::StatusOr<ledger::Origin> MakeOrigin(
    const Asker& asker, std::initializer_list<absl::string_view> parts) {
  if (asker.request_id.empty() ||
      asker.request_id.size() > ledger::kMaxRequestIdSize) {
    return absl::InvalidArgumentError(absl::StrCat(
        "request_id: has ", asker.request_id.size(), " bytes; 1 to ",
        ledger::kMaxRequestIdSize, " are allowed"));
  }
  RETURN_IF_ERROR(CheckText("request_id", asker.request_id));
  RETURN_IF_ERROR(CheckRequester(asker.requester));
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
