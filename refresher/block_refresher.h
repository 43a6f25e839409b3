// Has blocks signed again before their responses grow old.
#ifndef CHANCERY_REFRESHER_BLOCK_REFRESHER_H_
#define CHANCERY_REFRESHER_BLOCK_REFRESHER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "refresher/block_keeper.h"
#include "refresher/signer_client.h"
#include "refresher/update_sink.h"
#include "rpc/log.h"
#include "storage/inventory.h"

namespace chancery::refresher {

// Leases keep refreshers that share an inventory off each other's blocks; two
// that sign the same block all the same only waste work. One caller at a time,
// but for the counters.
class BlockRefresher {
 public:
  struct Options {
    std::string owner = {};  // In leases; unique for each process.
    absl::Duration lease = absl::Minutes(1);
    size_t batch = 16;  // Blocks leased at a time.
    // A block that the signer refuses is left alone for so long.
    absl::Duration retry_refused = absl::Minutes(5);
  };

  // All must outlive this object.
  BlockRefresher(SignerClient& signer, storage::BlockStore& blocks,
                 BlockKeeper& keeper, UpdateSink& sink,
                 const base::Clock& clock, const rpc::Log& log,
                 Options options);

  // Signs a batch of due blocks again: each is stored, then offered to the
  // responders. Returns how many; 0: none is due. Unavailable: signer or
  // inventory; the leases of what is left were given back.
  absl::StatusOr<size_t> Step();

  // Compares the signer's list with the inventory: fetches what the inventory
  // lacks or has older, signs what is overdue though the inventory does not
  // know; drops blocks whose certificates have expired, and their last
  // responses with them. Reads every block's version: for now and then. Returns
  // how many were fetched or signed.
  absl::StatusOr<size_t> Reconcile();

  uint64_t signed_blocks() const { return signed_; }
  uint64_t refused_blocks() const { return refused_; }

 private:
  // Signs one block; false if the signer refuses it for good.
  absl::StatusOr<bool> Refresh(const std::string& block_id);

  SignerClient& signer_;
  storage::BlockStore& blocks_;
  BlockKeeper& keeper_;
  UpdateSink& sink_;
  const base::Clock& clock_;
  const rpc::Log& log_;
  const Options options_;
  std::map<std::string, absl::Time> not_before_;  // Of refused blocks.
  std::atomic<uint64_t> signed_ = 0;
  std::atomic<uint64_t> refused_ = 0;
};

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_BLOCK_REFRESHER_H_
