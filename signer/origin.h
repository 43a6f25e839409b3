// Who asked, as the ledger keeps it.
#ifndef CHANCERY_SIGNER_ORIGIN_H_
#define CHANCERY_SIGNER_ORIGIN_H_

#include <initializer_list>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "ledger/entry.h"
#include "signer/requests.h"

namespace chancery::signer {

// With the hash of what was asked: `parts` in order, each with its length, so
// that the same id with another request can be told. InvalidArgument: the
// request id has no or more than 128 bytes, or the requester more than 1,024;
// or one of them is not UTF-8 or has control characters.
absl::StatusOr<ledger::Origin> MakeOrigin(
    const Asker& asker, std::initializer_list<absl::string_view> parts);

// InvalidArgument as MakeOrigin.
absl::Status CheckRequester(const std::string& requester);

// AlreadyExists, naming the request id.
absl::Status UsedForAnother(const ledger::Origin& origin);

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_ORIGIN_H_
