#include "responder/cache/serial_index.h"

#include <bit>
#include <cstring>
#include <utility>

#include "absl/time/time.h"

namespace chancery::responder {
namespace {

constexpr size_t kFirstCapacity = 1024;
// Readers take microseconds, unless their thread loses its core.
constexpr absl::Duration kMaxReading = absl::Seconds(1);

// SipHash-1-3 of up to 24 bytes, which is what a serial and its issuer take.
// Full SipHash-2-4 guards message authenticity; hash tables need less.
class SipHash {
 public:
  SipHash(uint64_t k0, uint64_t k1)
      : v0_(k0 ^ 0x736f6d6570736575),
        v1_(k1 ^ 0x646f72616e646f6d),
        v2_(k0 ^ 0x6c7967656e657261),
        v3_(k1 ^ 0x7465646279746573) {}

  void Word(uint64_t m) {
    v3_ ^= m;
    Round();
    v0_ ^= m;
  }
  uint64_t Finish() {
    v2_ ^= 0xff;
    Round();
    Round();
    Round();
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }

 private:
  void Round() {
    v0_ += v1_;
    v1_ = std::rotl(v1_, 13) ^ v0_;
    v0_ = std::rotl(v0_, 32);
    v2_ += v3_;
    v3_ = std::rotl(v3_, 16) ^ v2_;
    v0_ += v3_;
    v3_ = std::rotl(v3_, 21) ^ v0_;
    v2_ += v1_;
    v1_ = std::rotl(v1_, 17) ^ v2_;
    v2_ = std::rotl(v2_, 32);
  }
  uint64_t v0_, v1_, v2_, v3_;
};

}  // namespace

SerialIndex::Table::Table(size_t capacity, const std::string& mapped_folder)
    : mask(capacity - 1) {
  if (!mapped_folder.empty()) {
    auto made =
        base::MappedFile::Create(mapped_folder, capacity * sizeof(Slot));
    if (made.ok()) file = *std::move(made);
  }
  if (file.has_value()) {
    // Zero bytes are empty slots, and an atomic word is nothing but its word.
    static_assert(sizeof(Slot) == sizeof(uint64_t) && kEmpty == 0);
    slots = reinterpret_cast<Slot*>(file->bytes().data());
  } else {
    memory = std::make_unique<Slot[]>(capacity);
    slots = memory.get();
  }
}

SerialIndex::SerialIndex(const base::ReaderGate& gate,
                         std::string mapped_folder)
    : gate_(gate), mapped_folder_(std::move(mapped_folder)) {
  base::MutexLock writer(writer_);
  tables_.push_back(std::make_unique<Table>(kFirstCapacity, mapped_folder_));
  table_ = tables_.back().get();
}

SerialIndex::~SerialIndex() = default;

uint32_t SerialIndex::TagOf(uint64_t key, uint32_t issuer, base::Bytes serial) {
  SipHash hash(key, issuer);
  while (serial.size() >= 8) {
    uint64_t word;
    std::memcpy(&word, serial.data(), 8);
    hash.Word(word);
    serial = serial.subspan(8);
  }
  uint64_t last = uint64_t{serial.size() + 1} << 56;
  for (size_t i = 0; i < serial.size(); ++i) {
    last |= uint64_t{serial[i]} << (8 * i);
  }
  hash.Word(last);
  const auto tag = static_cast<uint32_t>(hash.Finish());
  return tag < 2 ? tag + 2 : tag;
}

bool SerialIndex::Table::Add(uint64_t slot) {
  for (size_t i = PlaceOf(static_cast<uint32_t>(slot >> 32));;
       i = (i + 1) & mask) {
    const uint64_t held = slots[i].load(std::memory_order_relaxed);
    if (held == slot) return false;
    if (held == kEmpty) {
      slots[i].store(slot, std::memory_order_release);
      return true;
    }
  }
}

void SerialIndex::Insert(uint32_t tag, uint32_t record) {
  base::MutexLock writer(writer_);
  if ((used_ + 1) * 5 > (table_.load()->mask + 1) * 4) GrowLocked();
  if (table_.load()->Add(uint64_t{tag} << 32 | record)) {
    ++used_;
    ++held_;
  }
}

void SerialIndex::Erase(uint32_t tag, uint32_t record) {
  base::MutexLock writer(writer_);
  Table* const table = table_.load();
  const uint64_t wanted = uint64_t{tag} << 32 | record;
  for (size_t i = table->PlaceOf(tag);; i = (i + 1) & table->mask) {
    const uint64_t slot = table->slots[i].load(std::memory_order_relaxed);
    if (slot == kEmpty) return;
    if (slot == wanted) {
      // Not kEmpty: a longer probe sequence may run across this slot.
      table->slots[i].store(kErased, std::memory_order_release);
      --held_;
      return;
    }
  }
}

// Builds the next table beside the old one; readers that have the old one
// finish on it. Erased slots are left behind; if they were many, the size
// stays.
void SerialIndex::GrowLocked() {
  const Table& old = *tables_.back();
  const size_t capacity = old.mask + 1;
  auto next = std::make_unique<Table>(
      held_ * 5 > capacity * 2 ? capacity * 2 : capacity, mapped_folder_);
  for (size_t i = 0; i < capacity; ++i) {
    const uint64_t held = old.slots[i].load(std::memory_order_relaxed);
    if (held != kEmpty && held != kErased) next->Add(held);
  }
  used_ = held_;
  table_ = next.get();
  tables_.push_back(std::move(next));
  if (gate_.Wait(kMaxReading))
    tables_.erase(tables_.begin(), tables_.end() - 1);
}

size_t SerialIndex::size() const {
  base::MutexLock writer(writer_);
  return held_;
}

size_t SerialIndex::memory_bytes() const {
  base::MutexLock writer(writer_);  // It is not replaced meanwhile.
  return (table_.load()->mask + 1) * sizeof(Slot);
}

}  // namespace chancery::responder
