#include "refresher/block_refresher.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/bytes.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "refresher/block_fetch.h"
#include "refresher/transient.h"

namespace chancery::refresher {
namespace {

// By then whoever leased the block in the inventory would have been done.
constexpr absl::Duration kOverdue = absl::Minutes(5);
// A block of which all has expired goes so long after the last response of it
// has ended. Responders keep theirs for longer (BlockCache::DropEnded), so that
// none is sent again what it has dropped.
constexpr absl::Duration kKeepEnded = absl::Hours(1);

}  // namespace

// What is the same wherever a block came from.
class BlockRefresher::Stages : public BlockStages {
 public:
  explicit Stages(BlockRefresher& refresher) : refresher_(refresher) {}

  absl::StatusOr<std::optional<SignedUpdates>> Sign(
      const std::string& block_id) override {
    absl::StatusOr<SignedUpdates> made = refresher_.signer_.SignBlock(block_id);
    if (made.ok()) {
      ++refresher_.signed_;
      return std::optional<SignedUpdates>(*std::move(made));
    }
    if (IsTransient(made.status())) return made.status();
    refresher_.Refuse(block_id, made.status());
    return std::nullopt;
  }

  absl::StatusOr<bool> Store(const std::string& block_id,
                             SignedUpdates updates) override {
    // A crash before this loses nothing: the ledger has the manifest, so that
    // the follower fetches the block. Storing it ends the lease.
    const absl::Status stored = refresher_.keeper_.StoreSigned(updates);
    if (stored.ok()) {
      Stored(block_id);
      refresher_.sink_.Offer(std::move(updates.updates), absl::ZeroDuration());
      return true;
    }
    if (IsTransient(stored)) {
      inventory_fails_ = true;
      return stored;
    }
    refresher_.Refuse(block_id, stored);
    return false;
  }

 protected:
  virtual void Stored(const std::string&) {}

  BlockRefresher& refresher_;
  std::atomic<bool> inventory_fails_ = false;
};

// Leased from the inventory.
class BlockRefresher::DueBlocks final : public Stages {
 public:
  using Stages::Stages;

  absl::StatusOr<std::vector<std::string>> Take(size_t room) override {
    std::set<std::string> left_alone = refresher_.LeftAlone();
    {
      base::MutexLock lock(mu_);
      left_alone.insert(given_.begin(), given_.end());
    }
    // An owner that asks again is told its own again; those and the refused
    // ones are among the first.
    absl::StatusOr<std::vector<std::string>> due =
        refresher_.blocks_.LeaseDueBlocks(
            refresher_.options_.owner, refresher_.clock_.Now(),
            refresher_.options_.lease, room + left_alone.size());
    if (!due.ok()) {
      inventory_fails_ = true;
      return due.status();
    }
    std::erase_if(*due, [&](const std::string& block_id) {
      return left_alone.contains(block_id);
    });
    base::MutexLock lock(mu_);
    given_.insert(due->begin(), due->end());
    return due;
  }

  // Not at once: asking for more would lease them again.
  void GiveBack(const std::string& block_id) override {
    base::MutexLock lock(mu_);
    given_back_.push_back(block_id);
  }

  void ReleaseGivenBack() {
    // Another refresher may reach the signer; if the inventory is away too,
    // the leases end by themselves.
    if (inventory_fails_) return;
    std::vector<std::string> given_back;
    {
      base::MutexLock lock(mu_);
      given_back.swap(given_back_);
    }
    for (const std::string& block_id : given_back) {
      refresher_.blocks_.ReleaseLease(block_id, refresher_.options_.owner)
          .IgnoreError();
    }
  }

  void Renew(const std::vector<std::string>& block_ids) override {
    // If it fails, another may sign them too: a waste, no harm.
    refresher_.blocks_
        .RenewLeases(refresher_.options_.owner, block_ids,
                     refresher_.clock_.Now() + refresher_.options_.lease)
        .IgnoreError();
  }

 private:
  void Stored(const std::string& block_id) override {
    base::MutexLock lock(mu_);
    given_.erase(block_id);
  }

  base::Mutex mu_;
  // By this Step, and not stored: in hand, failed or refused.
  std::set<std::string> given_ ABSL_GUARDED_BY(mu_);
  std::vector<std::string> given_back_ ABSL_GUARDED_BY(mu_);
};

// From the signer's list, whoever has a lease on them.
class BlockRefresher::ListedBlocks final : public Stages {
 public:
  ListedBlocks(BlockRefresher& refresher, std::vector<std::string> block_ids)
      : Stages(refresher), block_ids_(std::move(block_ids)) {}

  absl::StatusOr<std::vector<std::string>> Take(size_t room) override {
    const size_t count = std::min(room, block_ids_.size() - next_);
    const auto first = block_ids_.begin() + static_cast<ptrdiff_t>(next_);
    next_ += count;
    return std::vector<std::string>(first,
                                    first + static_cast<ptrdiff_t>(count));
  }
  void GiveBack(const std::string&) override {}
  void Renew(const std::vector<std::string>&) override {}

 private:
  const std::vector<std::string> block_ids_;
  size_t next_ = 0;
};

BlockRefresher::BlockRefresher(SignerClient& signer,
                               storage::BlockStore& blocks, BlockKeeper& keeper,
                               UpdateSink& sink, const base::Clock& clock,
                               const rpc::Log& log, Options options)
    : signer_(signer),
      blocks_(blocks),
      keeper_(keeper),
      sink_(sink),
      clock_(clock),
      log_(log),
      options_(std::move(options)) {}

PipelineOptions BlockRefresher::PipelineWith(const Report& report) const {
  return {.jobs = options_.jobs,
          .max_blocks = options_.max_blocks,
          .renew_every = options_.lease / 3,
          .stop = options_.stop,
          .report = report};
}

absl::StatusOr<size_t> BlockRefresher::Step(const Report& report) {
  DueBlocks stages(*this);
  const Carried carried = CarryBlocks(stages, PipelineWith(report));
  stages.ReleaseGivenBack();
  RETURN_IF_ERROR(carried.status);
  return carried.done;
}

absl::StatusOr<size_t> BlockRefresher::Reconcile() {
  ASSIGN_OR_RETURN(const std::vector<ListedBlock> listed, signer_.ListBlocks());
  ASSIGN_OR_RETURN(const auto versions, blocks_.BlockVersions());
  const std::set<std::string> left_alone = LeftAlone();
  size_t fetched = 0;
  std::vector<std::string> overdue, by_former_key;
  for (const ListedBlock& block : listed) {
    if (options_.stop.stop_requested()) break;
    const auto found = versions.find(block.block_id);
    const uint64_t have = found == versions.end() ? 0 : found->second;
    // Of an ended one nothing is kept.
    if (have == 0 && block.refresh_at == absl::InfiniteFuture()) continue;
    if (have == 0 || have < block.version) {
      ASSIGN_OR_RETURN(const bool is_new, FetchAndOffer(keeper_, sink_, log_,
                                                        block.block_id, have));
      if (is_new) ++fetched;
    }
    if (block.by_former_key) by_former_key.push_back(block.block_id);
    if (block.refresh_at + kOverdue <= clock_.Now() &&
        !left_alone.contains(block.block_id)) {
      overdue.push_back(block.block_id);
    }
  }
  RETURN_IF_ERROR(MakeDue(by_former_key));
  PipelineOptions options = PipelineWith({});
  options.max_blocks = overdue.size();
  ListedBlocks stages(*this, std::move(overdue));
  const Carried carried = CarryBlocks(stages, options);
  RETURN_IF_ERROR(carried.status);
  ASSIGN_OR_RETURN(const uint64_t dropped,
                   blocks_.DropEndedBlocks(clock_.Now() - kKeepEnded));
  if (dropped > 0) log_.Info("ended_blocks_dropped", {{"blocks", dropped}});
  return fetched + carried.done;
}

absl::Status BlockRefresher::MakeDue(
    const std::vector<std::string>& by_former_key) {
  const size_t count = by_former_key.size();
  if (count > 0) {
    log_.Info("blocks_by_former_key", {{"blocks", count}});
    const absl::Duration apart =
        std::min(options_.by_former_key_apart,
                 options_.by_former_key_within / static_cast<int64_t>(count));
    std::map<std::string, absl::Time> due_at;
    absl::Time at = clock_.Now();
    for (const std::string& block_id : by_former_key) {
      due_at[block_id] = at;
      at += apart;
    }
    RETURN_IF_ERROR(blocks_.MakeDue(due_at));
  }
  by_former_key_ = static_cast<int64_t>(count);
  return absl::OkStatus();
}

void BlockRefresher::Refuse(const std::string& block_id,
                            const absl::Status& why) {
  ++refused_;
  {
    base::MutexLock lock(mu_);
    not_before_[block_id] = clock_.Now() + options_.retry_refused;
  }
  log_.Error("block_not_signed",
             {{"block", base::Hex(base::AsBytes(block_id))}, {"why", why}});
}

std::set<std::string> BlockRefresher::LeftAlone() {
  const absl::Time now = clock_.Now();
  base::MutexLock lock(mu_);
  std::erase_if(not_before_,
                [&](const auto& refused) { return refused.second <= now; });
  std::set<std::string> block_ids;
  for (const auto& [block_id, until] : not_before_) block_ids.insert(block_id);
  return block_ids;
}

}  // namespace chancery::refresher
