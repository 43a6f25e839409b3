// Brings what the signer's ledger says into the inventory.
#ifndef CHANCERY_REFRESHER_LEDGER_FOLLOWER_H_
#define CHANCERY_REFRESHER_LEDGER_FOLLOWER_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "refresher/block_keeper.h"
#include "refresher/signer_client.h"
#include "refresher/update_sink.h"
#include "rpc/log.h"
#include "storage/inventory.h"

namespace chancery::refresher {

// Entries become rows: certificates, statuses; blocks that an entry changed are
// fetched, stored and handed to the responders. So everything that a killed
// authority, a lost push or a lost database left out comes back.
//
// One caller at a time, but for the two questions. Several processes may follow
// into one inventory.
class LedgerFollower {
 public:
  // `signer_name` names the ledger's cursor in the inventory. All must outlive
  // this object.
  // `patient`: whoever had a block signed whole, here or elsewhere, is about to
  // store it and gets a step's time to do so before it is fetched. Without,
  // each step does all that it can.
  LedgerFollower(SignerClient& signer, storage::Inventory& inventory,
                 BlockKeeper& keeper, UpdateSink& sink, const rpc::Log& log,
                 std::string signer_name, bool patient = false);

  // Follows one page. True if the ledger may have more. After an error, the
  // next call begins again where this one did, which does no harm.
  // Unavailable: signer or inventory. DataLoss: an entry that does not parse.
  absl::StatusOr<bool> Step();

  // Whether the ledger was followed to its end since the start, or since the
  // inventory was last seen to have gone back.
  bool caught_up() const { return caught_up_; }
  // Whether the inventory can be taken for all there is: it was followed to the
  // end, or was followed before and the signer does not answer now.
  bool inventory_is_whole() const { return whole_; }
  // Entries that are in the inventory, and in the ledger as last seen.
  uint64_t followed() const { return followed_; }
  uint64_t ledger_size() const { return ledger_size_; }

 private:
  struct Page;
  struct Due;
  // Rows of the entries, and the blocks that have to be looked at.
  absl::StatusOr<Page> Decode(const LedgerPage& page, uint64_t from);
  absl::StatusOr<Due> FindDue(const Page& page);
  absl::Status FetchBlocks(const Due& due);

  SignerClient& signer_;
  storage::Inventory& inventory_;
  BlockKeeper& keeper_;
  UpdateSink& sink_;
  const rpc::Log& log_;
  const std::string signer_name_;
  const bool patient_;
  // Until where entries had their step's time; 0: none had.
  uint64_t waited_until_ = 0;
  bool behind_ = false;  // Seen to be, since the start.
  std::atomic<bool> caught_up_ = false;
  std::atomic<bool> whole_ = false;
  std::atomic<uint64_t> followed_ = 0;
  std::atomic<uint64_t> ledger_size_ = 0;
};

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_LEDGER_FOLLOWER_H_
