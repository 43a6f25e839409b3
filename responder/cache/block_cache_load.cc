#include <algorithm>
#include <cstring>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "responder/cache/block_cache.h"
#include "responder/cache/block_rows.h"

namespace chancery::responder {
namespace {

// Rows that are in memory at a time, beside what is made of them.
constexpr size_t kBatch = 256;

struct Row {
  std::string key, value;
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

void BlockCache::CheckLoaded(absl::FunctionRef<bool()> stop) {
  std::vector<Slot*> loaded;
  {
    base::MutexLock lock(mu_);
    for (const auto& [id, slot] : slots_) loaded.push_back(slot.get());
  }
  for (Slot* const slot : loaded) {
    if (stop()) return;
    base::MutexLock writer(slot->writer);
    if (slot->held == nullptr) continue;
    const absl::Status checked = slot->held->Check();
    if (checked.ok()) continue;
    log_.Error("block_dropped",
               {{"block", base::Hex(slot->id)}, {"why", checked}});
    Forget(*slot);
  }
}

void BlockCache::Forget(Slot& slot) {
  const auto issuer = issuers_.WithId(slot.held->manifest().issuer_id);
  slot.current = nullptr;
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
  const size_t threads = std::max(1u, std::thread::hardware_concurrency());
  std::vector<Row> batch;
  base::Mutex mu;
  std::vector<std::string> bad;
  const auto read_batch = [&] {
    std::vector<std::jthread> workers;
    for (size_t number = 0; number < threads; ++number) {
      workers.emplace_back([&, number] {
        for (const Row& row : batch) {
          if (ThreadOf(row, threads) != number) continue;
          const absl::Status status = read(row.key, row.value);
          if (status.ok()) continue;
          log_.Warning("cache_row_dropped", {{"why", status}});
          base::MutexLock lock(mu);
          bad.push_back(row.key);
        }
      });
    }
    workers.clear();  // Joins.
    batch.clear();
  };
  const absl::Status status = store_.ForEach(
      prefix, [&](absl::string_view key, absl::string_view value) {
        batch.push_back({std::string(key), std::string(value)});
        if (batch.size() == kBatch) read_batch();
      });
  read_batch();
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
