#include "refresher/head_follower.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/status_macros.h"
#include "block/manifest.h"
#include "refresher/ledger_copy.h"

namespace chancery::refresher {
namespace {

// Between two looks at how far the ledger was followed: who revoked waits for
// the head.
constexpr std::chrono::milliseconds kLookInterval(5);

}  // namespace

absl::StatusOr<bool> HeadFollower::IsCovered(const block::Head& head,
                                             absl::Duration wait) const {
  const auto deadline =
      std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(wait);
  while (true) {
    ASSIGN_OR_RETURN(const storage::LedgerRootRow copied,
                     NewestRoot(inventory_, signer_name_));
    if (copied.size >= head.ledger_size) return true;
    if (std::chrono::steady_clock::now() + kLookInterval > deadline) {
      return false;
    }
    std::this_thread::sleep_for(kLookInterval);
  }
}

absl::StatusOr<bool> HeadFollower::Step(absl::Duration wait) {
  if (!waiting_.has_value()) {
    ASSIGN_OR_RETURN(std::optional<block::SignedHead> got,
                     signer_.GetHead(last_seen_, wait));
    if (!got.has_value()) return false;
    const auto head = block::HeadOf(base::AsBytes(got->head));
    if (!head.ok()) {
      return absl::DataLossError(
          absl::StrCat("head: ", std::string(head.status().message())));
    }
    waiting_ = Waiting{.bytes = *std::move(got), .head = *head};
  }
  ASSIGN_OR_RETURN(const bool covered, IsCovered(waiting_->head, wait));
  if (!covered) return false;
  const block::Head head = waiting_->head;
  ASSIGN_OR_RETURN(const merkle::Hash root,
                   CopiedRootAt(inventory_, signer_name_, head.ledger_size));
  if (root != head.ledger_root) {
    waiting_.reset();
    last_seen_ = head.time;
    return absl::DataLossError(absl::StrCat(
        "ledger forked: the signer's head gives its first ", head.ledger_size,
        " entries another root than those that were followed: it was restored "
        "from a backup, or it is not the only one"));
  }
  RETURN_IF_ERROR(
      inventory_.PutHead(signer_name_, {.time = head.time,
                                        .epoch = head.epoch,
                                        .head = waiting_->bytes.head,
                                        .index = waiting_->bytes.index}));
  ASSIGN_OR_RETURN(const block::Signed signed_head,
                   block::Signed::Parse(base::AsBytes(waiting_->bytes.head)));
  if (signed_head.key_id != key_id_) {
    key_id_ = signed_head.key_id;
    ++key_changes_;
  }
  waiting_.reset();
  last_seen_ = head.time;
  newest_micros_ = absl::ToUnixMicros(head.time);
  sink_.HeadChanged();
  return true;
}

}  // namespace chancery::refresher
