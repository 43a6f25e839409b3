// Big-endian integers and counted strings: the ledger's way to write bytes.
// A Take that returns false leaves the reader as it was.
#ifndef CHANCERY_LEDGER_CODEC_H_
#define CHANCERY_LEDGER_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/bytes.h"

namespace chancery::ledger {

// Appends to a string that must outlive it. Thread-compatible.
class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}

  ByteWriter& U8(uint8_t value) { return Integer(value, 1); }
  ByteWriter& U32(uint32_t value) { return Integer(value, 4); }
  ByteWriter& U64(uint64_t value) { return Integer(value, 8); }
  // Whole seconds since 1970 as a U64; InfiniteFuture is all ones.
  ByteWriter& Seconds(absl::Time time);
  ByteWriter& Raw(absl::string_view bytes);
  // A length of `length_size` bytes, then the bytes, which must fit.
  ByteWriter& Counted(absl::string_view bytes, int length_size);

 private:
  ByteWriter& Integer(uint64_t value, int size);
  std::string& out_;
};

// A view that shrinks from the front. Thread-compatible.
class ByteReader {
 public:
  explicit ByteReader(base::Bytes in) : rest_(in) {}

  [[nodiscard]] bool U8(uint8_t& value);
  [[nodiscard]] bool U32(uint32_t& value);
  [[nodiscard]] bool U64(uint64_t& value);
  // Up to the year 9999, or InfiniteFuture.
  [[nodiscard]] bool Seconds(absl::Time& time);
  [[nodiscard]] bool Raw(size_t size, std::string& bytes);
  [[nodiscard]] bool Counted(int length_size, size_t max_size,
                             std::string& bytes);
  bool AtEnd() const { return rest_.empty(); }
  base::Bytes rest() const { return rest_; }

 private:
  bool Integer(int size, uint64_t& value);
  base::Bytes rest_;
};

// The last second that certificates can name: 9999-12-31T23:59:59Z.
inline constexpr int64_t kMaxUnixSeconds = 253402300799;

}  // namespace chancery::ledger

#endif  // CHANCERY_LEDGER_CODEC_H_
