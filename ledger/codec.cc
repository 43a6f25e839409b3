#include "ledger/codec.h"

#include <limits>

namespace chancery::ledger {
namespace {

constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();

}  // namespace

ByteWriter& ByteWriter::Integer(uint64_t value, int size) {
  for (int shift = (size - 1) * 8; shift >= 0; shift -= 8) {
    out_.push_back(static_cast<char>(value >> shift));
  }
  return *this;
}

ByteWriter& ByteWriter::Seconds(absl::Time time) {
  return U64(time == absl::InfiniteFuture()
                 ? kNever
                 : static_cast<uint64_t>(absl::ToUnixSeconds(time)));
}

ByteWriter& ByteWriter::Raw(absl::string_view bytes) {
  out_.append(bytes.data(), bytes.size());
  return *this;
}

ByteWriter& ByteWriter::Counted(absl::string_view bytes, int length_size) {
  return Integer(bytes.size(), length_size).Raw(bytes);
}

bool ByteReader::Integer(int size, uint64_t& value) {
  if (rest_.size() < static_cast<size_t>(size)) return false;
  value = 0;
  for (int i = 0; i < size; ++i) value = value << 8 | rest_[i];
  rest_ = rest_.subspan(size);
  return true;
}

bool ByteReader::U8(uint8_t& value) {
  uint64_t wide;
  if (!Integer(1, wide)) return false;
  value = static_cast<uint8_t>(wide);
  return true;
}

bool ByteReader::U32(uint32_t& value) {
  uint64_t wide;
  if (!Integer(4, wide)) return false;
  value = static_cast<uint32_t>(wide);
  return true;
}

bool ByteReader::U64(uint64_t& value) { return Integer(8, value); }

bool ByteReader::Seconds(absl::Time& time) {
  const base::Bytes before = rest_;
  uint64_t seconds;
  if (!Integer(8, seconds)) return false;
  if (seconds == kNever) {
    time = absl::InfiniteFuture();
    return true;
  }
  if (seconds > static_cast<uint64_t>(kMaxUnixSeconds)) {
    rest_ = before;
    return false;
  }
  time = absl::FromUnixSeconds(static_cast<int64_t>(seconds));
  return true;
}

bool ByteReader::Raw(size_t size, std::string& bytes) {
  if (rest_.size() < size) return false;
  bytes.assign(reinterpret_cast<const char*>(rest_.data()), size);
  rest_ = rest_.subspan(size);
  return true;
}

bool ByteReader::Counted(int length_size, size_t max_size, std::string& bytes) {
  const base::Bytes before = rest_;
  uint64_t size;
  if (Integer(length_size, size) && size <= max_size && Raw(size, bytes)) {
    return true;
  }
  rest_ = before;
  return false;
}

}  // namespace chancery::ledger
