#ifndef CHANCERY_RESPONDER_CACHE_BLOCK_CACHE_H_
#define CHANCERY_RESPONDER_CACHE_BLOCK_CACHE_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/reader_gate.h"
#include "block/block.h"
#include "block/update.h"
#include "responder/cache/cache_store.h"
#include "responder/cache/pinned_issuers.h"
#include "responder/cache/replica.h"
#include "responder/cache/serial_index.h"
#include "responder/cache/template_cache.h"
#include "responder/cache/update_verifier.h"
#include "responder/ocsp_source.h"
#include "rpc/log.h"

namespace chancery::responder {

// The blocks that a responder holds, in memory, where every response is found
// and rebuilt, and in a store for the next start.
//
// A block is replaced whole by an immutable next version. Kept are a whole
// block and the deltas since; both are verified again when they are read.
// A store that does not take a write is logged and done without: what it lacks
// is sent again after the next start, and a revocation must be served now.
//
// Thread-safe. Blocks move independently of one another.
class BlockCache final : public OcspSource {
 public:
  struct Totals {
    uint64_t blocks = 0;
    uint64_t certificates = 0;
    uint64_t newest_version = 0;
    absl::Time oldest_this_update = absl::InfiniteFuture();
    absl::Time oldest_next_update = absl::InfiniteFuture();
  };
  // What Apply did with what it was given; none ever falls.
  enum class Outcome { kBlock, kDelta, kHeldAlready, kRefused, kNotKept, kEnd };

  // All must outlive the object.
  struct Parts {
    const PinnedIssuers& issuers;
    const UpdateVerifier& verifier;
    CacheStore& store;
    const base::Clock& clock;
    const rpc::Log& log;
  };

  // With a folder, blocks and index lie in files there as long as that has the
  // room (base/mapped_file.h): for more than memory holds.
  explicit BlockCache(const Parts& parts, std::string mapped_folder = "");
  ~BlockCache() override;

  // Asked of each manifest that was verified, before what it is about is taken;
  // not of what Load reads. Once, before the first Apply.
  using Admission = std::function<absl::Status(const block::Manifest&)>;
  void SetAdmission(Admission admission) { admission_ = std::move(admission); }

  // Reads the store, once, before anything else. Rows that are damaged, or that
  // the key set does not cover any more, are removed.
  void Load();
  // Rebuilds what Load read, record by record, and drops blocks that are not
  // what their manifests say: whoever can write to the folder could have put a
  // record back that was valid once. Beside everything else, until `stop`;
  // `dropped` is told of each.
  void CheckLoaded(absl::FunctionRef<bool()> stop,
                   absl::FunctionRef<void(const block::BlockId&)> dropped);

  // Drops the blocks of keys that may sign no more: the key set is another one,
  // or a key's time is over. `dropped` is told of each.
  void DropUnbelieved(absl::FunctionRef<void(const block::BlockId&)> dropped);

  // A whole block replaces any older version; a delta applies to exactly the
  // version it leads from. When the outcome says accepted, no thread can serve
  // what was replaced.
  BlockOutcome Apply(const block::Update& update);

  // Forgets the blocks whose certificates have all expired, a day after the
  // last response has: refreshers have dropped theirs by then, so that none
  // comes again. Once in a while.
  void DropEnded();

  std::vector<HeldBlock> Blocks() const;
  std::map<block::BlockId, uint64_t> Versions() const;
  Totals Count() const;
  uint64_t Count(Outcome outcome) const {
    return outcomes_[static_cast<size_t>(outcome)];
  }

  // Whether the last write to the store failed.
  bool StoreFails() const { return store_fails_; }

  Result Find(const x509::CertId& id, std::string& der,
              FoundOcsp& found) const override;
  bool Holds(const OcspOrigin& origin) const override;
  uint64_t Expect(const x509::CertId& id) const override;
  void Approach(uint64_t expected) const override;

 private:
  using Held = std::unique_ptr<const block::Block>;

  struct Slot {
    Slot(const block::BlockId& block_id, uint32_t slot_number)
        : id(block_id), number(slot_number) {}

    const block::BlockId id;
    const uint32_t number;
    std::atomic<uint64_t> version{0};  // 0: nothing was ever accepted.
    // `held`, for readers. Null also when no place is filled any more.
    std::atomic<const block::Block*> current{nullptr};
    // Grows after each change of `current`. Not the version: that of a block
    // that was dropped comes again. Who loads this before `current` has no
    // older block than it says.
    std::atomic<uint64_t> edition{1};

    // Held while a version is verified and published.
    base::Mutex writer;
    Held held ABSL_GUARDED_BY(writer);
    // Those that a reader may still have.
    std::vector<Held> replaced ABSL_GUARDED_BY(writer);
    std::vector<block::TemplateId> templates ABSL_GUARDED_BY(writer);
    std::vector<uint64_t> deltas ABSL_GUARDED_BY(writer);  // Rows in the store.
    // Of a version without a filled place: when that ends.
    absl::Time ends ABSL_GUARDED_BY(writer) = absl::InfiniteFuture();
  };

  // A record's number in the index: its block's number, then its place.
  static constexpr uint32_t kPlaceBits = 16;
  static uint32_t RecordNumber(uint32_t block, uint32_t place) {
    return block << kPlaceBits | place;
  }
  static uint32_t PlaceOf(uint32_t record) {
    return record & ((1u << kPlaceBits) - 1);
  }
  // For readers.
  const Slot& SlotOfRecord(uint32_t record) const {
    return *by_number_[record >> kPlaceBits].load(std::memory_order_acquire);
  }
  // Null if no place of it is filled. For readers.
  const block::Block* BlockOf(uint32_t record) const {
    return SlotOfRecord(record).current.load();
  }

  // What reads one row of the store; an error's row is removed.
  using RowReader =
      absl::FunctionRef<absl::Status(absl::string_view, absl::string_view)>;

  Slot* FindSlot(const block::BlockId& id) const;
  // Made if need be. ResourceExhausted: no number is left.
  absl::StatusOr<Slot*> SlotOf(const block::BlockId& id);
  // Verify, keep (unless they come from the store) and publish.
  absl::Status TakeBlock(const block::BlockId& id, const block::Update& update,
                         bool keep);
  absl::Status TakeDelta(Slot& slot, const block::Update& update, bool keep);
  // OK once nobody can serve what was replaced.
  absl::Status Settle(Slot& slot) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(slot.writer);

  void KeepBlock(Slot& slot, const block::Block& block,
                 absl::string_view encoded)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(slot.writer);
  // For readers, from now on; those before may still have what was there.
  static void Show(Slot& slot, const block::Block* block) {
    slot.current = block;
    ++slot.edition;
  }
  void Publish(Slot& slot, block::Block next)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(slot.writer);
  void Reindex(const Slot& slot, const block::Block* before,
               const block::Block& now);

  void ReadRows(const char* prefix, RowReader read);
  std::vector<Slot*> Slots() const;
  // Drops the block if `check` refuses it.
  void DropIf(Slot& slot,
              absl::FunctionRef<absl::Status(const block::Block&)> check,
              absl::FunctionRef<void(const block::BlockId&)> dropped);
  void DropUnusedTemplates();
  // As if the block had never come.
  void Forget(Slot& slot) ABSL_EXCLUSIVE_LOCKS_REQUIRED(slot.writer);
  void Wrote(const absl::Status& status);
  void Add(Outcome outcome) { ++outcomes_[static_cast<size_t>(outcome)]; }

  const PinnedIssuers& issuers_;
  const UpdateVerifier& verifier_;
  CacheStore& store_;
  const base::Clock& clock_;
  const rpc::Log& log_;
  const std::string mapped_folder_;

  Admission admission_ = [](const block::Manifest&) {
    return absl::OkStatus();
  };
  const base::ReaderGate gate_;
  const uint64_t index_key_;
  SerialIndex index_;
  // Slots by number, for readers; the owner is slots_.
  const std::unique_ptr<std::atomic<Slot*>[]> by_number_;
  mutable base::Mutex mu_;
  std::map<block::BlockId, std::unique_ptr<Slot>> slots_ ABSL_GUARDED_BY(mu_);
  TemplateCache templates_;
  std::atomic<bool> store_fails_{false};
  std::atomic<bool> files_fail_{false};
  std::atomic<uint64_t> outcomes_[static_cast<size_t>(Outcome::kEnd)] = {};
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_CACHE_BLOCK_CACHE_H_
