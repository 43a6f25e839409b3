// Who asked, as the ledger keeps it.
#ifndef CHANCERY_SIGNER_ORIGIN_H_
#define CHANCERY_SIGNER_ORIGIN_H_

#include <initializer_list>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "ledger/entry.h"
#include "signer/requests.h"

namespace chancery::signer {

// With the hash of what was asked: `parts` in order, each with its length, so
// that the same id with another request can be told. InvalidArgument: the
// request id has no or more than 128 bytes, the requester more than 1,024.
absl::StatusOr<ledger::Origin> MakeOrigin(
    const Asker& asker, std::initializer_list<absl::string_view> parts);

// AlreadyExists, naming the request id.
absl::Status UsedForAnother(const ledger::Origin& origin);

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_ORIGIN_H_
