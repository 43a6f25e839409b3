// Where a serial's record is: a flat table of 8-byte slots.
//
//   uint32_t tag = SerialIndex::TagOf(key, issuer, serial);
//   index.Insert(tag, record);
//   const base::ReaderGate::Reader reader(gate);
//   auto found = index.Find(tag, [&](uint32_t r) { return Is(r, serial); });
//
// A record's number never changes while its block lives, so refreshing a block
// does not touch the index. Serials are not kept here: a slot holds a 32-bit
// tag, and the caller compares the serial that the record itself has. A slot's
// place follows from its tag, so that a table can grow from its slots alone.
#ifndef CHANCERY_RESPONDER_CACHE_SERIAL_INDEX_H_
#define CHANCERY_RESPONDER_CACHE_SERIAL_INDEX_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/attributes.h"
#include "absl/base/thread_annotations.h"
#include "base/bytes.h"
#include "base/mapped_file.h"
#include "base/mutex.h"
#include "base/prefetch.h"
#include "base/reader_gate.h"

namespace chancery::responder {

// One writer at a time, any number of readers beside it, each inside a Reader
// of the gate. A reader sees each insertion whole or not at all.
class SerialIndex {
 public:
  // `gate` must outlive the index. With a folder, the table lies in a file
  // there (base/mapped_file.h) as long as that has the room.
  explicit SerialIndex(const base::ReaderGate& gate,
                       std::string mapped_folder = "");
  ~SerialIndex();

  // Of an issuer's number in this process and a serial. Keyed: whoever does not
  // know `key` cannot make serials collide. Never 0 or 1.
  static uint32_t TagOf(uint64_t key, uint32_t issuer, base::Bytes serial);

  // Adds `record` under `tag`. Adding the same pair again changes nothing.
  void Insert(uint32_t tag, uint32_t record);

  // Takes the pair out, if it is there.
  void Erase(uint32_t tag, uint32_t record);

  // The first record under `tag` for which `matches(record)` is true.
  template <typename Matches>
  std::optional<uint32_t> Find(uint32_t tag, const Matches& matches) const {
    const Table* const table = table_.load();
    for (size_t i = table->PlaceOf(tag);; i = (i + 1) & table->mask) {
      const uint64_t slot = table->slots[i].load(std::memory_order_acquire);
      if (slot == kEmpty) return std::nullopt;
      if (slot >> 32 == tag && matches(static_cast<uint32_t>(slot))) {
        return static_cast<uint32_t>(slot);
      }
    }
  }

  // Asks for the memory where Find will begin, without waiting for it.
  ABSL_ATTRIBUTE_ALWAYS_INLINE void Prefetch(uint32_t tag) const {
    const Table* const table = table_.load();
    base::Prefetch(&table->slots[table->PlaceOf(tag)], sizeof(Slot));
  }

  // Records held, and bytes used by the table.
  size_t size() const;
  size_t memory_bytes() const;

 private:
  // A slot: tag in the high half, record in the low half. Tags are never 0 or
  // 1, so neither mark can be a slot in use.
  static constexpr uint64_t kEmpty = 0;
  static constexpr uint64_t kErased = uint64_t{1} << 32;

  using Slot = std::atomic<uint64_t>;

  struct Table {
    Table(size_t capacity, const std::string& mapped_folder);
    size_t PlaceOf(uint32_t tag) const { return tag * (mask + 1) >> 32; }
    // False if it was there already.
    bool Add(uint64_t slot);

    size_t mask;  // Capacity is a power of two.
    std::optional<base::MappedFile> file;
    std::unique_ptr<Slot[]> memory;  // Without a file.
    Slot* slots;
  };

  void GrowLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(writer_);

  const base::ReaderGate& gate_;
  const std::string mapped_folder_;
  std::atomic<Table*> table_;  // tables_.back().

  mutable base::Mutex writer_;
  // The last is in use; of those before it a reader did not let go in time.
  std::vector<std::unique_ptr<Table>> tables_ ABSL_GUARDED_BY(writer_);
  size_t used_ ABSL_GUARDED_BY(writer_) = 0;  // Slots that are not empty.
  size_t held_ ABSL_GUARDED_BY(writer_) = 0;  // Of them, not erased.
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_CACHE_SERIAL_INDEX_H_
