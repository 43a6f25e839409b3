#include "refresher/block_refresher.h"

#include <utility>
#include <vector>

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

absl::StatusOr<size_t> BlockRefresher::Step() {
  const absl::Time now = clock_.Now();
  std::erase_if(not_before_,
                [&](const auto& refused) { return refused.second <= now; });
  // Refused ones are among the first, and more with each.
  ASSIGN_OR_RETURN(const std::vector<std::string> due,
                   blocks_.LeaseDueBlocks(options_.owner, now, options_.lease,
                                          options_.batch + not_before_.size()));
  size_t done = 0;
  for (size_t i = 0; i < due.size(); ++i) {
    if (not_before_.contains(due[i])) continue;
    const absl::StatusOr<bool> refreshed = Refresh(due[i]);
    if (!refreshed.ok()) {
      // Another refresher may reach the signer; if the inventory is away too,
      // the leases end by themselves.
      for (; i < due.size(); ++i) {
        blocks_.ReleaseLease(due[i], options_.owner).IgnoreError();
      }
      return refreshed.status();
    }
    if (*refreshed) ++done;
  }
  return done;
}

absl::StatusOr<size_t> BlockRefresher::Reconcile() {
  ASSIGN_OR_RETURN(const std::vector<ListedBlock> listed, signer_.ListBlocks());
  ASSIGN_OR_RETURN(const auto versions, blocks_.BlockVersions());
  size_t done = 0;
  for (const ListedBlock& block : listed) {
    const auto found = versions.find(block.block_id);
    const uint64_t have = found == versions.end() ? 0 : found->second;
    // Of an ended one nothing is kept.
    if (have == 0 && block.refresh_at == absl::InfiniteFuture()) continue;
    if (have == 0 || have < block.version) {
      ASSIGN_OR_RETURN(const bool fetched, FetchAndOffer(keeper_, sink_, log_,
                                                         block.block_id, have));
      if (fetched) ++done;
    }
    if (block.refresh_at + kOverdue <= clock_.Now() &&
        !not_before_.contains(block.block_id)) {
      ASSIGN_OR_RETURN(const bool refreshed, Refresh(block.block_id));
      if (refreshed) ++done;
    }
  }
  ASSIGN_OR_RETURN(const uint64_t dropped,
                   blocks_.DropEndedBlocks(clock_.Now() - kKeepEnded));
  if (dropped > 0) log_.Info("ended_blocks_dropped", {{"blocks", dropped}});
  return done;
}

absl::StatusOr<bool> BlockRefresher::Refresh(const std::string& block_id) {
  absl::StatusOr<SignedUpdates> refreshed = signer_.SignBlock(block_id);
  if (!refreshed.ok()) {
    if (IsTransient(refreshed.status())) return refreshed.status();
    ++refused_;
    not_before_[block_id] = clock_.Now() + options_.retry_refused;
    log_.Error("block_not_signed",
               {{"block", base::Hex(base::AsBytes(block_id))},
                {"why", refreshed.status()}});
    return false;
  }
  ++signed_;
  // A crash before this loses nothing: the ledger has the manifest, so that
  // the follower fetches the block. Storing it ends the lease.
  RETURN_IF_ERROR(keeper_.StoreSigned(*refreshed));
  sink_.Offer(std::move(refreshed->updates), absl::ZeroDuration());
  return true;
}

}  // namespace chancery::refresher
