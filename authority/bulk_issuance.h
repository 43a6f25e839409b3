#ifndef CHANCERY_AUTHORITY_BULK_ISSUANCE_H_
#define CHANCERY_AUTHORITY_BULK_ISSUANCE_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "authority/orders.h"

namespace chancery::authority {

using IssueBatchFunction = std::function<std::vector<absl::StatusOr<Issued>>(
    const std::vector<IssueOrder>&)>;

// Carries out batch after batch as they come: a few at once, so that the
// signer, the database and the responders are busy together; answered in their
// order. `next` gives the next batch, nullopt after the last; `answer` is
// called from another thread, with a batch and its answers. Returns when all
// that came is answered; the error of `next` or `answer`, whichever was first.
absl::Status IssueMany(
    const IssueBatchFunction& issue,
    absl::FunctionRef<absl::StatusOr<std::optional<std::vector<IssueOrder>>>()>
        next,
    absl::FunctionRef<absl::Status(const std::vector<IssueOrder>& orders,
                                   const std::vector<absl::StatusOr<Issued>>&)>
        answer);

}  // namespace chancery::authority

#endif  // CHANCERY_AUTHORITY_BULK_ISSUANCE_H_
