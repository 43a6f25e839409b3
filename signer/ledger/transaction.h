#ifndef CHANCERY_SIGNER_LEDGER_TRANSACTION_H_
#define CHANCERY_SIGNER_LEDGER_TRANSACTION_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "ledger/entry.h"
#include "merkle/tree.h"
#include "signer/ledger/kv_overlay.h"
#include "signer/ledger/state.h"

namespace chancery::signer {

// One command's view of the ledger, and what it adds. Reads see everything
// before it and its own writes; nobody else sees these before they are durable.
// Lives during Ledger::Execute, in one thread.
class Transaction {
 public:
  // For Ledger: `frontier` is that of the log so far, `base` its state.
  Transaction(const KvReader& base, merkle::Frontier frontier, absl::Time time)
      : overlay_(base), frontier_(std::move(frontier)), time_(time) {}

  // What Append writes: the clock's, in microseconds, and never earlier than
  // the last entry.
  absl::Time time() const { return time_; }
  const State& state() const { return state_; }
  uint64_t ledger_size() const { return frontier_.size(); }

  // Adds an entry and what follows from it; its index. After an error
  // nothing was added.
  // InvalidArgument: a field breaks its limit (entry.h), or a time is in the
  //   future.
  // NotFound: no such certificate or block.
  // AlreadyExists: the serial, or the request id with another request.
  // FailedPrecondition: a change that ChangeStatus refuses; a place that is not
  //   the block's next; a version, or a CRL's number or thisUpdate, that does
  //   not grow; a ledger size that shrinks.
  absl::StatusOr<uint64_t> Append(ledger::EntryBody body);

  // Keeps the block's bytes as just signed (its version in state()); replaces
  // older bytes and all deltas. FailedPrecondition: another version.
  absl::Status PutBlock(absl::string_view block_id, uint64_t version,
                        std::string bytes);
  // Keeps what leads from the newest stored version to the one just signed.
  // FailedPrecondition: `base_version` is not the newest stored, or `version`
  // not the one in state().
  absl::Status AppendDelta(absl::string_view block_id, uint64_t base_version,
                           uint64_t version, std::string bytes);
  // Drops what the two before kept: the next that is kept is a whole block.
  absl::Status ForgetBytes(absl::string_view block_id);
  // Kept for ever. AlreadyExists: the id has other bytes.
  absl::Status PutTemplate(absl::string_view template_id, std::string bytes);

  // Finds the compromised keys of entries from before the ledger kept them,
  // once: reads all entries then, and writes nothing but rows that follow from
  // them.
  absl::Status FindCompromisedKeys();

  // Keeps the newest signed head in place of the one before.
  void PutHead(std::string bytes);

  // For Ledger: what is to be written.
  const KvOverlay& overlay() const { return overlay_; }
  KvOverlay& overlay() { return overlay_; }
  const merkle::Frontier& frontier() const { return frontier_; }

 private:
  absl::Status DropDeltas(absl::string_view block_id);

  KvOverlay overlay_;
  State state_{overlay_};
  merkle::Frontier frontier_;
  const absl::Time time_;
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_LEDGER_TRANSACTION_H_
