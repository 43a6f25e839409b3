#ifndef CHANCERY_RESPONDER_CACHE_HEAD_KEEPER_H_
#define CHANCERY_RESPONDER_CACHE_HEAD_KEEPER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "block/head.h"
#include "responder/cache/cache_store.h"
#include "responder/cache/key_ring.h"
#include "rpc/log.h"

namespace chancery::responder {

// Judges how current this responder is, by the signer's word alone (TRUST 4):
// whoever brings blocks can keep some back, but not make a head that does not
// name them.
//
// A head is met once every block is held in the version that its index names,
// or a newer one. Heads come more often than blocks: one that is not met yet
// waits, beside the newest, so that a steady stream of heads cannot keep all of
// them from being met.
//
// The newest head is kept over a restart. One that is still young counts; an
// older one says no more than that nothing before it is believed again.
// Thread-safe.
class HeadKeeper {
 public:
  struct Options {
    absl::Duration max_age = absl::Minutes(10);
    absl::Duration hard_age = absl::Hours(4);
  };
  // The version that is held of each block.
  using Versions = std::function<std::map<block::BlockId, uint64_t>()>;

  struct Standing {
    // Of the newest head that was met since the start.
    std::optional<block::Head> met = {};
    // What is lacking of the newest head.
    uint64_t blocks_behind = 0;
  };

  // All must outlive the object.
  HeadKeeper(const KeyRing& keys, CacheStore& store, const base::Clock& clock,
             const rpc::Log& log, Versions versions, Options options);

  // Reads the head that was kept, once, when all blocks have been loaded.
  void Load();

  // Takes a head. OK: it is the newest, or was it before.
  // InvalidArgument, PermissionDenied: as block::OpenHead; a time in the
  //   future; an epoch or a ledger that went back; "forked": a ledger of the
  //   same size with another root. A later epoch's need not be of a later time.
  // FailedPrecondition: a newer one was met, or waits to be.
  absl::Status Put(const block::SignedHead& signed_head);

  // Whether what a verified manifest says may be taken. PermissionDenied: its
  // epoch has passed, and no head names it: who made it was superseded and does
  // not know what has been revoked since (TRUST 3). Of issuers for which the
  // head's key signs: others have a signer, and epochs, of their own.
  absl::Status CheckEpoch(const block::Manifest& manifest) const;

  // The key set is another one: forgets a head whose key is not in it any more.
  void KeysChanged();

  // `version` is held of the block from now on.
  void Holds(const block::BlockId& block, uint64_t version);
  // Nothing is held of the block any more: it was damaged, or its key may sign
  // no more.
  void Lost(const block::BlockId& block);

  // Looks at the clock: to be called every second.
  void Tick();

  // OK while a head that was met is younger than max_age. Unavailable, with a
  // message for anybody.
  absl::Status Ready() const;
  // Whether anything may be answered: a head was met since the start, and is
  // younger than hard_age. Costs a load; as of the last Put, Holds or Tick.
  bool may_answer() const {
    return may_answer_.load(std::memory_order_relaxed);
  }
  Standing standing() const;

 private:
  // A head that waits for blocks.
  struct Waiting {
    block::Head head;
    std::map<block::BlockId, uint64_t> lacking;  // Versions that must come.
  };

  absl::Status Take(const block::SignedHead& signed_head, bool loaded);
  absl::Status CheckNewer(const block::Head& head, absl::Time now) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::map<block::BlockId, uint64_t> Lacking(const block::Index& index) const;
  void Meet(const block::Head& head) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void LookAtKeySetVersion(uint64_t version) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Moves on from what waits as far as it goes.
  void Advance() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Look() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const KeyRing& keys_;
  CacheStore& store_;
  const base::Clock& clock_;
  const rpc::Log& log_;
  const Versions versions_;
  const Options options_;

  std::atomic<bool> may_answer_{false};
  mutable base::Mutex mu_;
  // The newest that was taken, and its index.
  std::optional<block::OpenedHead> newest_ ABSL_GUARDED_BY(mu_);
  std::optional<block::Head> met_ ABSL_GUARDED_BY(mu_);
  // In order of time; empty once the newest is met. At most two: the first that
  // was not met, and the newest.
  std::optional<Waiting> first_ ABSL_GUARDED_BY(mu_);
  std::optional<Waiting> last_ ABSL_GUARDED_BY(mu_);
  bool lost_ ABSL_GUARDED_BY(mu_) =
      false;  // Something, since the last was met.
  bool key_set_is_old_ ABSL_GUARDED_BY(mu_) = false;  // For the log.
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_CACHE_HEAD_KEEPER_H_
