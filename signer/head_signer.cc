#include "signer/head_signer.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/status_macros.h"

namespace chancery::signer {
namespace {

// Blocks with waiting changes that one head signs: a crash between an entry and
// its manifest leaves some. Whoever follows the ledger has all signed.
constexpr size_t kMaxPending = 64;

// Heads of the same microsecond are set apart; a clock that is further behind
// the newest head is wrong.
constexpr absl::Duration kSameMoment = absl::Seconds(1);

}  // namespace

absl::Status HeadSigner::CatchUp(const LedgerView& view) {
  const auto take =
      [&](const BlockState& block) ABSL_EXCLUSIVE_LOCKS_REQUIRED(signing_) {
        // The ledger's keys of blocks have 16 bytes.
        const block::BlockId id = *block::ToBlockId(block.block_id);
        if (block.version != 0 && block.refresh_at != absl::InfiniteFuture()) {
          index_[id] = block.version;
        } else {
          index_.erase(id);
        }
        if (block.HasUnsignedChanges() || block.version == 0) {
          unreflected_.try_emplace(
              id, std::max(read_to_, block.signed_ledger_size));
        } else {
          unreflected_.erase(id);
        }
        return absl::OkStatus();
      };
  RETURN_IF_ERROR(read_to_ == 0
                      ? view.state().Blocks(take)
                      : view.state().BlocksChangedSince(read_to_, take));
  read_to_ = view.head().size;
  return absl::OkStatus();
}

// What fails is left for whoever follows the ledger: the head then says that it
// does not reflect it.
void HeadSigner::SignPending() {
  std::vector<std::string> pending;
  for (const auto& [id, reflected] : unreflected_) {
    if (pending.size() == kMaxPending) break;
    if (index_.contains(id)) pending.push_back(base::ToString(id));
  }
  for (const std::string& id : pending) {
    blocks_.SignPending(id, read_to_).status().IgnoreError();
  }
}

absl::StatusOr<absl::Time> HeadSigner::LastTime(const LedgerView& view) {
  {
    base::MutexLock lock(mu_);
    if (newest_ != nullptr) return newest_->head.time;
  }
  ASSIGN_OR_RETURN(const std::optional<std::string> kept, view.state().Head());
  if (!kept.has_value()) return absl::InfinitePast();
  ASSIGN_OR_RETURN(const block::Head head, block::HeadOf(base::AsBytes(*kept)));
  return head.time;
}

absl::StatusOr<block::Head> HeadSigner::FactsOf(const LedgerView& view) {
  block::Head head;
  head.time = absl::FromUnixMicros(absl::ToUnixMicros(view.time()));
  ASSIGN_OR_RETURN(const absl::Time last, LastTime(view));
  if (head.time <= last) {
    if (last - head.time > kSameMoment) {
      return absl::FailedPreconditionError(absl::StrCat(
          "clock is behind the newest head: it shows ",
          absl::FormatTime(head.time, absl::UTCTimeZone()), ", the head is of ",
          absl::FormatTime(last, absl::UTCTimeZone())));
    }
    head.time = last + absl::Microseconds(1);
  }
  head.ledger_size = view.head().size;
  head.ledger_root = view.head().root;
  head.reflected_size = head.ledger_size;
  for (const auto& [id, reflected] : unreflected_) {
    head.reflected_size = std::min(head.reflected_size, reflected);
  }
  head.key_set_version = options_.key_set_version;
  ASSIGN_OR_RETURN(head.epoch, view.state().Epoch());
  return head;
}

block::Index HeadSigner::IndexOf() {
  if (!options_.others) return {.versions = {index_.begin(), index_.end()}};
  std::map<block::BlockId, uint64_t> all = index_;
  for (const auto& row : options_.others()) all.insert(row);
  return {.versions = {all.begin(), all.end()}};
}

absl::StatusOr<std::shared_ptr<const NewestHead>> HeadSigner::Sign() {
  base::MutexLock lock(signing_);
  ASSIGN_OR_RETURN(auto view, ledger_.Read());
  RETURN_IF_ERROR(CatchUp(*view));
  if (!unreflected_.empty()) {
    view.reset();
    SignPending();
    ASSIGN_OR_RETURN(view, ledger_.Read());
    RETURN_IF_ERROR(CatchUp(*view));
  }
  auto made = std::make_shared<NewestHead>();
  ASSIGN_OR_RETURN(made->head, FactsOf(*view));
  ASSIGN_OR_RETURN(made->bytes,
                   block::SignHead(made->head, IndexOf(), manifest_key_,
                                   options_.offline ? block::kOfflineHeadType
                                                    : block::kHeadType));
  // With the index's hash.
  ASSIGN_OR_RETURN(made->head, block::HeadOf(base::AsBytes(made->bytes.head)));
  // A ledger without entries has no rows at all.
  if (made->head.ledger_size > 0) {
    RETURN_IF_ERROR(ledger_.Execute([&](Transaction& tx) {
      tx.PutHead(made->bytes.head);
      return absl::OkStatus();
    }));
  }
  if (options_.own_heads != nullptr) options_.own_heads->Add(made->head);
  base::MutexLock publish(mu_);
  newest_ = std::move(made);
  return newest_;
}

std::shared_ptr<const NewestHead> HeadSigner::Newest() const {
  base::MutexLock lock(mu_);
  return newest_;
}

}  // namespace chancery::signer
