#ifndef CHANCERY_BLOCK_ROWS_H_
#define CHANCERY_BLOCK_ROWS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "absl/base/attributes.h"
#include "absl/status/status.h"
#include "base/bytes.h"
#include "base/mapped_file.h"
#include "base/prefetch.h"
#include "block/record.h"

namespace chancery::block {

// What each place of a block has of its own, side by side: status, serial and
// signatures, in rows of one size. Who looks up one record touches two lines of
// memory, where a column for each would cost one, and a page, for each.
//
// A copy shares a file and has its own memory. Thread-compatible.
class Rows {
 public:
  Rows() = default;
  // Rows for serials of up to `serial_size` octets (longer ones make all rows
  // longer), and signatures that take `signatures_size` together.
  Rows(size_t serial_size, size_t signatures_size);

  uint32_t count() const { return count_; }

  // Views, until a row is changed or the rows move.
  RecordStatus Status(uint32_t place) const {
    return RecordStatus{static_cast<uint8_t>(Row(place)[0] >> kStatusShift)};
  }
  base::Bytes Serial(uint32_t place) const {
    const uint8_t* const row = Row(place);
    return {row + 1, static_cast<size_t>(row[0] & kSizeMask)};
  }
  base::Bytes Signatures(uint32_t place) const {
    return {Row(place) + 1 + serial_size_, signatures_size_};
  }

  // Asks for the memory of these views without waiting for it.
  ABSL_ATTRIBUTE_ALWAYS_INLINE void Prefetch(uint32_t place) const {
    base::Prefetch(Row(place), Stride());
  }

  // These need rows in memory.
  void Reserve(uint32_t count) { memory_.reserve(count * Stride()); }
  void AppendEmpty();
  // The serial has at most kMaxSerialSize octets.
  void Set(uint32_t place, RecordStatus status, base::Bytes serial);
  std::span<char> MutableSignatures(uint32_t place) {
    return {memory_.data() + place * Stride() + 1 + serial_size_,
            signatures_size_};
  }

  // Into a file without a name in `folder`. After an error they are where they
  // were.
  absl::Status MoveToFile(const std::string& folder);
  void MoveToMemory();

 private:
  // A row begins with the status above the serial's size.
  static constexpr int kStatusShift = 5;
  static constexpr uint8_t kSizeMask = (1 << kStatusShift) - 1;
  static_assert(kMaxSerialSize <= kSizeMask);

  size_t Stride() const { return 1 + serial_size_ + signatures_size_; }
  const uint8_t* Row(uint32_t place) const {
    const char* const rows =
        file_ == nullptr ? memory_.data() : file_->bytes().data();
    return reinterpret_cast<const uint8_t*>(rows) + place * Stride();
  }
  void Widen(size_t serial_size);

  uint32_t count_ = 0;
  size_t serial_size_ = 0;
  size_t signatures_size_ = 0;
  std::string memory_;
  std::shared_ptr<const base::MappedFile>
      file_;  // If set, has what memory_ had.
};

}  // namespace chancery::block

#endif  // CHANCERY_BLOCK_ROWS_H_
