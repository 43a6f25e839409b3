// Keeps one responder in step with the inventory.
#ifndef CHANCERY_REFRESHER_REPLICATOR_H_
#define CHANCERY_REFRESHER_REPLICATOR_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "block/update.h"
#include "refresher/responder_client.h"
#include "storage/inventory.h"

namespace chancery::refresher {

// A responder as last seen.
struct ResponderState {
  std::string name = {};
  std::string address = {};
  bool reachable = false;
  std::string detail = {};  // Why not, or what it refused last.
  uint64_t blocks = 0;
  uint64_t blocks_behind = 0;
  uint64_t crls = 0;
  uint64_t crls_behind = 0;
  uint64_t newest_version = 0;
  // Sent since the start because it was found to lack them.
  uint64_t repaired_updates = 0;
  uint64_t repaired_bytes = 0;
  absl::Time caught_up_at = absl::InfinitePast();
  // It had everything when it was last compared and has missed nothing since.
  bool caught_up = false;
  HeadStanding head = {};
  std::string http_address = {};
  std::string version = {};
  // Block -> the older version that it had when it was last compared, 0: none.
  // Null: not compared yet.
  std::shared_ptr<const std::map<std::string, uint64_t>> lacking = {};
};

// Two ways forward: Push hands on what has just been signed; Converge compares
// all versions and repairs whatever pushes missed. The responder verifies.
//
// One caller at a time; state() from any thread.
class Replicator {
 public:
  struct Options {
    std::string name = {};
    std::string address = {};
    // Bounds what is in memory while a responder is filled.
    size_t batch_bytes = 4 << 20;
    // Whose heads are handed on; as in the inventory.
    std::string signer = {};
  };

  // All must outlive this object.
  Replicator(ResponderClient& client, storage::Inventory& inventory,
             const base::Clock& clock, Options options);

  // Offers updates, in order; for each whether the responder now holds it. What
  // it refuses, because it missed something before, it is sent as the inventory
  // has it. A whole block that the last Converge brought is not sent again. An
  // error or a refusal: not caught up until the next Converge.
  absl::StatusOr<std::vector<bool>> Push(
      const std::vector<block::Update>& updates);
  // As Push, of updates that the inventory may not have yet: what is refused is
  // left to a Push that comes later, and is nothing missed.
  absl::StatusOr<std::vector<bool>> PushEarly(
      const std::vector<block::Update>& updates);

  // Sends whatever the responder lacks, and the newest head, by which it judges
  // for itself how current it is. OK: caught up.
  // FailedPrecondition: the responder refuses something; state() says what.
  // `meanwhile` is called before each part of a CRL and may Push: a large one
  // takes a second.
  absl::Status Converge(absl::FunctionRef<void()> meanwhile = [] {});

  // Sends the newest head and nothing else.
  absl::Status PushHead();

  // Something was not offered at all.
  void MarkMissed();

  ResponderState state() const;

 private:
  // Updates with what they are worth in bytes.
  struct Batch {
    std::vector<block::Update> updates = {};
    size_t bytes = 0;
  };

  absl::Status ConvergeBlocks(const std::map<std::string, uint64_t>& wanted,
                              const HeldVersions& held, uint64_t& behind);
  absl::Status ConvergeCrls(const std::vector<storage::CrlRow>& wanted,
                            const HeldVersions& held,
                            absl::FunctionRef<void()> meanwhile,
                            uint64_t& behind);
  // What leads from `held` (0: nothing) to what the inventory has.
  absl::StatusOr<std::vector<block::Update>> Path(const std::string& block_id,
                                                  uint64_t held);
  absl::Status Send(Batch& batch, std::map<std::string, uint64_t>& holds);
  absl::Status Describe(const HeldVersions& held);
  void NoteReached(const std::vector<block::Update>& pushed);
  // Takes `status` down and returns it: of the inventory, which says nothing of
  // the responder; and of a call to the responder.
  absl::Status Missed(absl::Status status);
  absl::Status Failed(absl::Status status);
  void Refused(const std::string& detail);
  // Whether the last Converge brought this, or what is newer.
  bool IsBrought(const block::Update& update) const;
  void SetLacking(std::map<std::string, uint64_t> lacking);

  ResponderClient& client_;
  storage::Inventory& inventory_;
  const base::Clock& clock_;
  const Options options_;
  std::map<std::string, std::string> templates_;  // By id.
  // By the last Converge: block -> the version that the responder said it has.
  std::map<std::string, uint64_t> brought_;
  mutable base::Mutex mu_;
  ResponderState state_ ABSL_GUARDED_BY(mu_);
  bool missed_ ABSL_GUARDED_BY(mu_) = false;  // While converging.
};

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_REPLICATOR_H_
