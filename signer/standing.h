// Whether this signer may sign (TRUST 2.9 and 3): not from an old backup, not
// beside another one that has the same ledger, not before it is promoted.
#ifndef CHANCERY_SIGNER_STANDING_H_
#define CHANCERY_SIGNER_STANDING_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "block/head.h"
#include "crypto/public_key.h"
#include "signer/ledger/ledger.h"
#include "signer/own_heads.h"

namespace chancery::signer {

// A statement about the ledger that the manifest key signed and that others
// hold: they bring it back to whoever says that it is the signer.
enum class StatementKind : uint8_t { kHead = 1, kLedgerRoot = 2 };

enum class StandingState {
  kActive,      // It may sign.
  kAwaitsHead,  // Others have heads of it, and none was shown since the start.
  kBehind,      // "ledger behind": it lacks entries that a statement covers.
  kWaits,       // A head that it did not make is too young: its maker may live.
  kStandby,     // It follows; another one signs, or did.
  kForked,      // "ledger forked": a statement is of another ledger.
};

struct Statement {
  StatementKind kind = StatementKind::kHead;
  std::string bytes = {};
};

struct StandingReport {
  StandingState state = StandingState::kActive;
  absl::Status why = absl::OkStatus();  // It may not sign.
  uint64_t ledger_size = 0;
  uint64_t epoch = 1;
  // Entries that the furthest statement covers.
  uint64_t wanted_size = 0;
  // The newest that it made in this epoch; empty unless it is active.
  std::string head = {};

  bool active() const { return state == StandingState::kActive; }
};

// Bars the ledger, so that nothing is signed, for as long as this signer may
// not; tells what is wrong; takes the entries that it lacks.
//
// What is kept here of others is only what the manifest key signed: who brings
// it can keep something back, and cannot invent it. Thread-safe.
class Standing {
 public:
  struct Options {
    // Others hold this signer's heads: after each start it waits until it was
    // shown one.
    bool await_head = false;
    // A store that was never said to be the active signer's is a standby's.
    bool standby = false;
    // A head that was not made here says that its maker lives until it is so
    // old: longer than the time between two heads.
    absl::Duration quiet_after = absl::Minutes(2);
  };

  // The manifest keys that have signed for this ledger, the present one among
  // them. `ledger` and `clock` must outlive this object. Bars the ledger.
  Standing(Ledger& ledger, std::vector<crypto::PublicKey> keys,
           const base::Clock& clock, Options options);

  // As it is now. Unavailable: the ledger, of which a write failed.
  absl::StatusOr<StandingReport> Look();

  // Takes what somebody holds, all of it or, after an error, none.
  // PermissionDenied: one is not signed by one of the keys; InvalidArgument:
  // malformed.
  absl::StatusOr<StandingReport> Show(const std::vector<Statement>& statements);

  // Appends entries from `from` on, which with those before have the root that
  // `ledger_root` is signed about. If the ledger goes on from there already,
  // only compares: with other entries there it is forked. InvalidArgument: they
  // do not have that root. OutOfRange: `from` is past the end.
  // FailedPrecondition: an active signer takes none.
  absl::StatusOr<StandingReport> Add(uint64_t from,
                                     const std::vector<std::string>& entries,
                                     const std::string& ledger_root);

  // An operator says that this is the signer from now on: raises the epoch, in
  // the ledger, so that all others are refused. FailedPrecondition: no
  // statement was shown since the start, or it lacks something of one.
  absl::StatusOr<StandingReport> Promote();

  // Whether somebody has shown a statement of this ledger since the start.
  bool was_shown() const;

  // For whoever makes heads of the ledger: all since the start, and before
  // anybody can show them.
  OwnHeads& own_heads() { return own_heads_; }

 private:
  struct Seen {
    block::Head head = {};
    std::string row = {};  // Kind and bytes, as the store keeps it.
  };

  absl::StatusOr<Seen> Open(StatementKind kind,
                            const std::string& statement) const;
  // "ledger forked": for good.
  void Fork(const block::Head& statement, const std::string& what)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status Load() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Whether it says something of this ledger.
  absl::StatusOr<bool> Take(StatementKind kind, Seen seen,
                            const StoreFacts& facts)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<StandingReport> Judge() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // State and reason, of a ledger that says `facts`.
  StandingReport Verdict(const StoreFacts& facts) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool IsActiveIn(const StoreFacts& facts) const;
  // Whether this signer made it, or may have before its start.
  bool IsOwn(const block::Head& head) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  Ledger& ledger_;
  const std::vector<crypto::PublicKey> keys_;
  const base::Clock& clock_;
  const Options options_;
  OwnHeads own_heads_;

  mutable base::Mutex mu_;
  bool loaded_ ABSL_GUARDED_BY(mu_) = false;
  bool shown_ ABSL_GUARDED_BY(mu_) = false;  // Since the start.
  absl::Status forked_ ABSL_GUARDED_BY(mu_);
  // By epoch, then size.
  std::optional<Seen> furthest_ ABSL_GUARDED_BY(mu_);
  // The newest head, for the time of the next.
  std::optional<Seen> newest_head_ ABSL_GUARDED_BY(mu_);
  // Of the newest head that was not made here.
  absl::Time others_head_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
  // Of the store's newest head when it started, or that it began again after:
  // none up to here is another's.
  absl::Time began_after_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
  bool active_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_STANDING_H_
