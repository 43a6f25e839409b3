// Where a serial's record is: a flat table of 8-byte slots.
//
//   uint32_t tag = SerialIndex::TagOf(key, issuer, serial);
//   index.Insert(tag, record);
//   auto found = index.Find(tag, [&](uint32_t r) { return SerialAt(r) ==
//   serial; });
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
#include <vector>

#include "base/bytes.h"
#include "base/mutex.h"

namespace chancery::responder {

// One writer at a time, any number of readers beside it. A reader sees each
// insertion whole or not at all.
class SerialIndex {
 public:
  SerialIndex();

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
    const std::shared_ptr<const Table> table = Current();
    for (size_t i = table->PlaceOf(tag);; i = (i + 1) & table->mask) {
      const uint64_t slot = table->slots[i].load(std::memory_order_acquire);
      if (slot == kEmpty) return std::nullopt;
      if (slot >> 32 == tag && matches(static_cast<uint32_t>(slot))) {
        return static_cast<uint32_t>(slot);
      }
    }
  }

  // Records held, and bytes used by the table.
  size_t size() const;
  size_t memory_bytes() const;

 private:
  // A slot: tag in the high half, record in the low half. Tags are never 0 or
  // 1, so neither mark can be a slot in use.
  static constexpr uint64_t kEmpty = 0;
  static constexpr uint64_t kErased = uint64_t{1} << 32;

  struct Table {
    explicit Table(size_t capacity) : mask(capacity - 1), slots(capacity) {}
    size_t PlaceOf(uint32_t tag) const { return tag * (mask + 1) >> 32; }
    // False if it was there already.
    bool Add(uint64_t slot);
    size_t mask;  // Capacity is a power of two.
    std::vector<std::atomic<uint64_t>> slots;
  };

  std::shared_ptr<Table> Current() const;
  void GrowLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(writer_);

  // Guards the pointer only; held for the length of a copy of it.
  mutable base::Mutex pointer_;
  std::shared_ptr<Table> table_ ABSL_GUARDED_BY(pointer_);

  mutable base::Mutex writer_;
  size_t used_ ABSL_GUARDED_BY(writer_) = 0;  // Slots that are not empty.
  size_t held_ ABSL_GUARDED_BY(writer_) = 0;  // Of them, not erased.
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_CACHE_SERIAL_INDEX_H_
