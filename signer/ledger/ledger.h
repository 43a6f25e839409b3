// The signer's memory: an append-only Merkle log (RFC 6962 hashing) and the
// state that follows from it, changed together by one synced write (TRUST 3).
//
//   ASSIGN_OR_RETURN(auto store, OpenRocksDbStore("/var/lib/chancery/ledger"));
//   ASSIGN_OR_RETURN(auto ledger, Ledger::Open(std::move(store), clock, {}));
//   RETURN_IF_ERROR(ledger->Execute([&](Transaction& tx) -> absl::Status {
//     ASSIGN_OR_RETURN(const auto old, tx.state().Certificate(issuer, serial));
//     return tx.Append(StatusEntry{...}).status();
//   }));  // OK: it is on the disk.
#ifndef CHANCERY_SIGNER_LEDGER_LEDGER_H_
#define CHANCERY_SIGNER_LEDGER_LEDGER_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "merkle/tree.h"
#include "signer/ledger/kv_store.h"
#include "signer/ledger/state.h"
#include "signer/ledger/transaction.h"

namespace chancery::signer {

// The log at one moment.
struct TreeHead {
  uint64_t size = 0;
  merkle::Hash root = merkle::EmptyRoot();
  absl::Time last_time = absl::InfinitePast();  // Of the last entry.
};

// The ledger as it was at one moment: head and state agree. Holds back the
// store's clean-up while it lives; must not outlive the ledger. Thread-safe.
class LedgerView {
 public:
  LedgerView(std::unique_ptr<const KvReader> snapshot, TreeHead head,
             absl::Time time)
      : snapshot_(std::move(snapshot)), head_(head), time_(time) {}

  const State& state() const { return state_; }
  const TreeHead& head() const { return head_; }
  // When this was read: not before anything in it. Its second is a thisUpdate.
  absl::Time time() const { return time_; }

 private:
  const std::unique_ptr<const KvReader> snapshot_;
  const State state_{*snapshot_};
  const TreeHead head_;
  const absl::Time time_;
};

struct EntryRange {
  std::vector<std::string> entries;  // Encoded; the first is the one asked for.
  TreeHead head;                     // When they were read.
};

// What a store says of itself, whoever may read its ledger.
struct StoreFacts {
  TreeHead head = {};
  uint64_t epoch = 1;
  std::optional<std::string> newest_head = {};  // As State::Head.
  std::optional<std::string> witness = {};
  std::optional<uint64_t> active_epoch = {};
};

// Thread-safe. Commands run one at a time, in the thread of one of the callers:
// whoever finds no write under way runs all commands that wait and writes them
// as one group, so that a sync is shared by all who came during the last one.
class Ledger {
 public:
  struct Options {
    // The clock may be this far ahead of the last entry.
    absl::Duration max_clock_gap = absl::Hours(30 * 24);
    // An operator says that the clock is right: the first write may be further
    // ahead than that. Nothing allows a clock behind the ledger.
    bool confirm_clock = false;
    // A group takes no further command beyond either.
    size_t max_group_commands = 1024;
    size_t max_group_bytes = 32 << 20;
  };

  // Checks that log and state end together: the marker's size and root against
  // the entries since the last checkpoint. DataLoss if they do not, with what
  // differs. An empty store is an empty ledger. `clock` must outlive it.
  static absl::StatusOr<std::unique_ptr<Ledger>> Open(
      std::unique_ptr<KvStore> store, const base::Clock& clock,
      Options options);

  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // Runs `command` and returns once what it wrote is durable. Must not be
  // called from within a command; a command must be quick and may run in
  // another caller's thread.
  // The command's own error: nothing of it is in the ledger.
  // FailedPrecondition "clock ...": the clock is behind the last entry's
  //   second, or too far ahead of it. The command was not run.
  // Unavailable: the write failed, now or earlier. Whether the group is in the
  //   ledger shows only when it is opened again (repeat with the same request
  //   id); until then every call is refused.
  absl::Status Execute(
      absl::FunctionRef<absl::Status(Transaction& transaction)> command);

  // FailedPrecondition "clock ..." and Unavailable as Execute.
  absl::StatusOr<std::unique_ptr<const LedgerView>> Read() const;

  // Entries from `from` on: at least one if there is one, then as many as fit
  // in `max_bytes` and `max_entries` (at least 1). OutOfRange: `from` is past
  // the end; at the end, none. Needs no right clock. Unavailable as Execute.
  absl::StatusOr<EntryRange> ReadEntries(uint64_t from, size_t max_bytes,
                                         size_t max_entries) const;

  // Of what is durable.
  TreeHead Head() const;

  // Also when it is barred, and whatever the clock says. Unavailable as
  // Execute.
  absl::StatusOr<StoreFacts> Facts() const;

  // The root that the log had with its first `size` entries: at most as many
  // are read as lie between two checkpoints. OutOfRange: there are not so many.
  absl::StatusOr<merkle::Hash> RootAt(uint64_t size) const;

  // Whether the log has `entries` from `from` on, as far as it goes. With those
  // before `from` they have `root`, of which the caller knows from a signature.
  // InvalidArgument: they do not. OutOfRange: `from` is past the end.
  absl::StatusOr<bool> GoesOnWith(uint64_t from,
                                  const std::vector<std::string>& entries,
                                  const merkle::Hash& root) const;

  // From now on Execute and Read fail with `why`; OK lifts it. A command that
  // came before may still be written. Whoever may not sign does not get as far
  // as a signature, since what is to be signed is read here, and what was
  // signed is written here before it leaves.
  void Bar(absl::Status why);
  absl::Status barred() const;

  // Appends entries that another signer of this ledger made, byte for byte,
  // whether it is barred or not: all or none. They go with one synced write, so
  // a caller brings some megabytes at a time. The caller knows from a signature
  // that the log has `root` with them. Signed bytes beside the log are not
  // among them: those of the blocks that they sign again are forgotten.
  // InvalidArgument: they do not follow on what is here, or give another root.
  // FailedPrecondition: the clock is behind them. Otherwise as Execute.
  absl::Status Adopt(const std::vector<std::string>& entries,
                     const merkle::Hash& root);

  // What belongs to this store and not to the ledger: durable when they
  // return, whether it is barred or not. Unavailable as Execute.
  absl::Status KeepWitness(std::string statement);
  absl::Status KeepActive(uint64_t epoch);

  // Waits until there are more than `size` entries. False if `deadline` came
  // first, or somebody asked to stop; true also if a write failed.
  bool AwaitGrowth(uint64_t size,
                   std::chrono::steady_clock::time_point deadline,
                   const std::stop_token& stop) const;

  // Writes and commands so far: shows how well commands share syncs.
  struct Counters {
    uint64_t commands = 0;
    uint64_t groups = 0;
  };
  Counters counters() const;

 private:
  struct Pending;
  struct Group;

  Ledger(std::unique_ptr<KvStore> store, const base::Clock& clock,
         Options options, merkle::Frontier frontier, TreeHead head);

  // The time that an entry after one of `last` gets.
  absl::StatusOr<absl::Time> EntryTime(absl::Time now, absl::Time last,
                                       bool confirmed) const;
  // The store as it is once every write that it shows has returned.
  absl::StatusOr<std::unique_ptr<const KvReader>> DurableSnapshot(
      TreeHead& head) const;
  // `frontier` and `last_time` become those after `entries`.
  static absl::Status AppendAll(const std::vector<std::string>& entries,
                                KvOverlay& overlay, merkle::Frontier& frontier,
                                absl::Time& last_time);
  // Nobody else writes until the next EndLead.
  absl::Status BeginLead() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void EndLead(const absl::Status& written) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status WriteRow(std::string key, std::string value);
  // Runs what waits, as one write. Releases `mu_` meanwhile.
  void LeadGroup() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void RunCommand(Pending& pending, Group& group);

  const std::unique_ptr<KvStore> store_;
  const base::Clock& clock_;
  const Options options_;

  mutable base::Mutex mu_;
  mutable base::CondVar changed_;
  std::list<Pending*> waiting_ ABSL_GUARDED_BY(mu_);
  bool leading_ ABSL_GUARDED_BY(mu_) = false;  // Someone runs a group.
  absl::Status failed_ ABSL_GUARDED_BY(mu_);
  absl::Status barred_ ABSL_GUARDED_BY(mu_);
  TreeHead head_ ABSL_GUARDED_BY(mu_);
  bool clock_confirmed_ ABSL_GUARDED_BY(mu_);
  merkle::Frontier frontier_ ABSL_GUARDED_BY(mu_);
  Counters counters_ ABSL_GUARDED_BY(mu_);
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_LEDGER_LEDGER_H_
