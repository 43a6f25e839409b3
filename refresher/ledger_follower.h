// Brings what the signer's ledger says into the inventory.
#ifndef CHANCERY_REFRESHER_LEDGER_FOLLOWER_H_
#define CHANCERY_REFRESHER_LEDGER_FOLLOWER_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "merkle/tree.h"
#include "refresher/block_keeper.h"
#include "refresher/signer_client.h"
#include "refresher/update_sink.h"
#include "rpc/log.h"
#include "storage/inventory.h"

namespace chancery::refresher {

// Entries become rows: certificates, statuses; blocks that an entry changed are
// fetched, stored and handed to the responders. So everything that a killed
// authority, a lost push or a lost database left out comes back. The entries
// themselves are kept too, with the signer's word for them: so what a signer
// loses comes back to it (standby_feeder.h).
//
// They must lead to the root that the signer signed: those of another signer
// that has gone its own way since an old backup do not, and none is taken.
//
// One caller at a time, but for the two questions. Several processes may follow
// into one inventory.
class LedgerFollower {
 public:
  struct Options {
    // Whose ledger it is: names its cursor in the inventory.
    std::string signer = {};
    // What the signer makes for an authority or a refresher is in the ledger
    // before that one has stored it: so long it is left alone, or everything
    // would be fetched and pushed twice. Only at the end of the ledger.
    absl::Duration grace = absl::ZeroDuration();
    // The same for what was signed whole, which is stored many at a time.
    absl::Duration grace_of_blocks = absl::ZeroDuration();
  };

  // All must outlive this object.
  LedgerFollower(SignerClient& signer, storage::Inventory& inventory,
                 BlockKeeper& keeper, UpdateSink& sink, const rpc::Log& log,
                 Options options);

  // Follows one page; at the end of the ledger, waits for one. True if there
  // was something, or may be more. After an error, the next call begins again
  // where this one did, which does no harm.
  // Unavailable: signer or inventory. DataLoss: an entry that does not parse,
  // or "ledger forked": they do not follow on those that the inventory has.
  absl::StatusOr<bool> Step(absl::Duration wait = absl::ZeroDuration());

  // Whether the ledger was followed to its end since the start, or since the
  // inventory was last seen to have gone back.
  bool caught_up() const { return caught_up_; }
  // Entries that are in the inventory, and in the ledger as last seen.
  uint64_t followed() const { return followed_; }
  uint64_t ledger_size() const { return ledger_size_; }
  // Whether the last page was the last that there was.
  bool at_end() const { return caught_up_ && followed_ >= ledger_size_; }
  // Whether the signer's ledger was not the one that was followed, when it was
  // last looked at.
  bool forked() const { return forked_; }

 private:
  struct Page;
  // Adds the entries' rows, and the blocks that have to be looked at.
  absl::Status Decode(const LedgerPage& entries, Page& page);
  // Adds the manifests that will follow in a moment, if they do.
  absl::Status Complete(Page& page);
  absl::Status FetchBlocks(const Page& page);
  // Of `wanted` (block -> version), those that the inventory lacks, and what it
  // has instead.
  absl::StatusOr<std::map<std::string, uint64_t>> Lacking(
      const std::map<std::string, uint64_t>& wanted);
  void WentBack(uint64_t to);
  // Where the inventory's copy of the ledger ends, which has `from` entries;
  // nullopt: another follower has just moved it.
  absl::StatusOr<std::optional<merkle::Frontier>> FrontierAt(uint64_t from);
  // Adds the entries' copy to the step, and checks that the signer stands by
  // it.
  absl::Status Vouch(const merkle::Frontier& before, Page& page);

  SignerClient& signer_;
  storage::Inventory& inventory_;
  BlockKeeper& keeper_;
  UpdateSink& sink_;
  const rpc::Log& log_;
  const Options options_;
  std::atomic<bool> caught_up_ = false;
  std::atomic<uint64_t> followed_ = 0;
  std::atomic<uint64_t> ledger_size_ = 0;
  std::atomic<bool> forked_ = false;
};

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_LEDGER_FOLLOWER_H_
