#include "refresher/head_follower.h"

#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/status_macros.h"
#include "block/head.h"

namespace chancery::refresher {

absl::StatusOr<bool> HeadFollower::Step(absl::Duration wait) {
  ASSIGN_OR_RETURN(std::optional<block::SignedHead> got,
                   signer_.GetHead(newest(), wait));
  if (!got.has_value()) return false;
  const auto head = block::HeadOf(base::AsBytes(got->head));
  if (!head.ok()) {
    return absl::DataLossError(
        absl::StrCat("head: ", std::string(head.status().message())));
  }
  RETURN_IF_ERROR(
      heads_.PutHead(signer_name_, {.time = head->time,
                                    .head = std::move(got->head),
                                    .index = std::move(got->index)}));
  newest_micros_ = absl::ToUnixMicros(head->time);
  sink_.HeadChanged();
  return true;
}

}  // namespace chancery::refresher
