// Has blocks signed again before their responses grow old.
#ifndef CHANCERY_REFRESHER_BLOCK_REFRESHER_H_
#define CHANCERY_REFRESHER_BLOCK_REFRESHER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "refresher/block_keeper.h"
#include "refresher/block_pipeline.h"
#include "refresher/signer_client.h"
#include "refresher/update_sink.h"
#include "rpc/log.h"
#include "storage/inventory.h"

namespace chancery::refresher {

// Several blocks at a time (block_pipeline.h). Leases keep refreshers that
// share an inventory off each other's blocks; two that sign the same block all
// the same only waste work. One caller at a time, but for the counters.
class BlockRefresher {
 public:
  struct Options {
    std::string owner = {};  // In leases; unique for each process.
    // Lengthened while a block is in hand.
    absl::Duration lease = absl::Minutes(1);
    size_t jobs = 8;  // Blocks at the signer at a time, as PipelineOptions.
    size_t max_blocks = 4096;  // In one Step.
    // A block that is refused, by the signer or as what it is not, is left
    // alone for so long.
    absl::Duration retry_refused = absl::Minutes(5);
    // Blocks by a former manifest key become due one after another, so far
    // apart, but all within `by_former_key_within`.
    absl::Duration by_former_key_apart = absl::Milliseconds(200);
    absl::Duration by_former_key_within = absl::Minutes(15);
    // What is not at the signer by then is given back.
    std::stop_token stop = {};
  };
  using Report = std::function<void(size_t done)>;

  // All must outlive this object.
  BlockRefresher(SignerClient& signer, storage::BlockStore& blocks,
                 BlockKeeper& keeper, UpdateSink& sink,
                 const base::Clock& clock, const rpc::Log& log,
                 Options options);

  // Signs due blocks again, until none is due: each is stored, then offered to
  // the responders. Returns how many; 0: none is due. An error, of signer or
  // inventory, in one block holds up no other; after a few with no success
  // between them the rest is given back.
  absl::StatusOr<size_t> Step(const Report& report = {});

  // Compares the signer's list with the inventory: fetches what the inventory
  // lacks or has older, signs what is overdue though the inventory does not
  // know; has those become due soon that are signed by a former manifest key,
  // so that it can be retired; drops blocks whose certificates have expired,
  // and their last responses with them. Reads every block's version: for now
  // and then. Returns how many were fetched or signed.
  absl::StatusOr<size_t> Reconcile();

  uint64_t signed_blocks() const { return signed_; }
  uint64_t refused_blocks() const { return refused_; }
  // Blocks signed by a former manifest key, at the last Reconcile; nullopt
  // before the first, or since ForgetFormerKey.
  std::optional<uint64_t> by_former_key() const {
    const int64_t count = by_former_key_;
    return count < 0 ? std::nullopt : std::optional<uint64_t>(count);
  }
  // Another key signs now.
  void ForgetFormerKey() { by_former_key_ = -1; }

 private:
  class Stages;
  class DueBlocks;
  class ListedBlocks;

  PipelineOptions PipelineWith(const Report& report) const;
  // Notes that it is to be left alone.
  void Refuse(const std::string& block_id, const absl::Status& why);
  absl::Status MakeDue(const std::vector<std::string>& by_former_key);
  // Those that are left alone now.
  std::set<std::string> LeftAlone();

  SignerClient& signer_;
  storage::BlockStore& blocks_;
  BlockKeeper& keeper_;
  UpdateSink& sink_;
  const base::Clock& clock_;
  const rpc::Log& log_;
  const Options options_;
  std::atomic<uint64_t> signed_ = 0;
  std::atomic<uint64_t> refused_ = 0;
  std::atomic<int64_t> by_former_key_ = -1;
  base::Mutex mu_;
  std::map<std::string, absl::Time> not_before_
      ABSL_GUARDED_BY(mu_);  // Of refused blocks.
};

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_BLOCK_REFRESHER_H_
