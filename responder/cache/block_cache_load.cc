#include <algorithm>
#include <cstring>
#include <deque>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "responder/cache/block_cache.h"
#include "responder/cache/block_rows.h"

namespace chancery::responder {
namespace {

struct Row {
  std::string key, value;
};

// Rows on their way from the one thread that reads the store to one that looks
// at them.
class RowQueue {
 public:
  // Waits while it is full: memory is for what is made of the rows.
  void Push(Row row) {
    base::MutexLock lock(mu_);
    while (rows_.size() == kRows) changed_.Wait(mu_);
    rows_.push_back(std::move(row));
    changed_.NotifyOne();
  }

  void End() {
    base::MutexLock lock(mu_);
    ended_ = true;
    changed_.NotifyOne();
  }

  // Waits for a row; absent after the last.
  std::optional<Row> Pop() {
    base::MutexLock lock(mu_);
    while (rows_.empty() && !ended_) changed_.Wait(mu_);
    if (rows_.empty()) return std::nullopt;
    Row row = std::move(rows_.front());
    rows_.pop_front();
    changed_.NotifyOne();
    return row;
  }

 private:
  static constexpr size_t kRows = 8;

  base::Mutex mu_;
  base::CondVar changed_;
  std::deque<Row> rows_ ABSL_GUARDED_BY(mu_);
  bool ended_ ABSL_GUARDED_BY(mu_) = false;
};

// Rows of one block go to one thread, so that their order stays.
size_t ThreadOf(const Row& row, size_t threads) {
  constexpr size_t kLastOfBlockId = 16;
  if (row.key.size() <= kLastOfBlockId) return 0;
  return static_cast<uint8_t>(row.key[kLastOfBlockId]) % threads;
}

}  // namespace

void BlockCache::Load() {
  ReadRows(kTemplateRows, [&](absl::string_view, absl::string_view value) {
    return templates_.Load(value);
  });
  ReadRows(kBlockRows, [&](absl::string_view key, absl::string_view value) {
    ASSIGN_OR_RETURN(const absl::string_view encoded, UnsealRow(value));
    ASSIGN_OR_RETURN(const block::Manifest manifest,
                     block::ManifestOf(base::AsBytes(encoded)));
    if (key != BlockRow(manifest.block_id)) {
      return absl::DataLossError("block: of another key");
    }
    return TakeBlock(manifest.block_id,
                     {.block_id = base::ToString(manifest.block_id),
                      .version = manifest.version,
                      .content = std::string(encoded)},
                     /*keep=*/false);
  });
  ReadRows(kDeltaRows, [&](absl::string_view key, absl::string_view value) {
    ASSIGN_OR_RETURN(const block::Delta delta,
                     block::Delta::Parse(base::AsBytes(value)));
    const block::Manifest& manifest = delta.manifest;
    Slot* const slot = FindSlot(manifest.block_id);
    if (slot == nullptr ||
        key != DeltaRow(manifest.block_id, manifest.version)) {
      return absl::DataLossError("delta: of another key, or without a block");
    }
    return TakeDelta(*slot,
                     {.block_id = base::ToString(manifest.block_id),
                      .version = manifest.version,
                      .base_version = manifest.base_version,
                      .content = std::string(value)},
                     /*keep=*/false);
  });
  DropUnusedTemplates();
}

std::vector<BlockCache::Slot*> BlockCache::Slots() const {
  std::vector<Slot*> slots;
  base::MutexLock lock(mu_);
  slots.reserve(slots_.size());
  for (const auto& [id, slot] : slots_) slots.push_back(slot.get());
  return slots;
}

void BlockCache::CheckLoaded(
    absl::FunctionRef<bool()> stop,
    absl::FunctionRef<void(const block::BlockId&)> dropped) {
  for (Slot* const slot : Slots()) {
    if (stop()) return;
    DropIf(
        *slot, [](const block::Block& held) { return held.Check(); }, dropped);
  }
}

void BlockCache::DropUnbelieved(
    absl::FunctionRef<void(const block::BlockId&)> dropped) {
  const absl::Time now = clock_.Now();
  for (Slot* const slot : Slots()) {
    DropIf(
        *slot,
        [&](const block::Block& held) { return verifier_.CheckKey(held, now); },
        dropped);
  }
}

void BlockCache::DropIf(
    Slot& slot, absl::FunctionRef<absl::Status(const block::Block&)> check,
    absl::FunctionRef<void(const block::BlockId&)> dropped) {
  {
    base::MutexLock writer(slot.writer);
    if (slot.held == nullptr) return;
    const absl::Status checked = check(*slot.held);
    if (checked.ok()) return;
    log_.Error("block_dropped",
               {{"block", base::Hex(slot.id)}, {"why", checked}});
    Forget(slot);
  }
  dropped(slot.id);
}

void BlockCache::Forget(Slot& slot) {
  const auto issuer = issuers_.WithId(slot.held->manifest().issuer_id);
  Show(slot, nullptr);
  slot.version = 0;
  for (uint32_t place = 0; place < slot.held->count(); ++place) {
    const base::Bytes serial = slot.held->Serial(place);
    if (serial.empty()) continue;
    index_.Erase(SerialIndex::TagOf(index_key_, *issuer, serial),
                 RecordNumber(slot.number, place));
  }
  slot.replaced.push_back(std::move(slot.held));
  (void)Settle(slot);  // If a reader is slow, with the next version.
  Wrote(store_.Delete(BlockRow(slot.id)));
  for (const uint64_t version : slot.deltas) {
    Wrote(store_.Delete(DeltaRow(slot.id, version)));
  }
  slot.deltas.clear();
  slot.templates.clear();
}

void BlockCache::ReadRows(const char* prefix, RowReader read) {
  std::vector<RowQueue> queues(
      std::max(1u, std::thread::hardware_concurrency()));
  base::Mutex mu;
  std::vector<std::string> bad;
  std::vector<std::jthread> workers;
  workers.reserve(queues.size());
  for (RowQueue& queue : queues) {
    workers.emplace_back([&] {
      while (const std::optional<Row> row = queue.Pop()) {
        const absl::Status status = read(row->key, row->value);
        if (status.ok()) continue;
        log_.Warning("cache_row_dropped", {{"why", status}});
        base::MutexLock lock(mu);
        bad.push_back(row->key);
      }
    });
  }
  const absl::Status status = store_.ForEach(
      prefix, [&](absl::string_view key, absl::string_view value) {
        Row row{std::string(key), std::string(value)};
        RowQueue& queue = queues[ThreadOf(row, queues.size())];
        queue.Push(std::move(row));
      });
  for (RowQueue& queue : queues) queue.End();
  workers.clear();  // Joins.
  if (status.ok()) {
    for (const std::string& key : bad) Wrote(store_.Delete(key));
    return;
  }
  // What was read is held; it comes again if the process should end before
  // newer versions do.
  log_.Error("cache_damaged", {{"why", status}});
  Wrote(store_.Clear());
}

}  // namespace chancery::responder
