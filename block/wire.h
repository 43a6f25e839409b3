// Big-endian integers and counted bytes: what all formats here are made of.
#ifndef CHANCERY_BLOCK_WIRE_H_
#define CHANCERY_BLOCK_WIRE_H_

#include <array>
#include <cstdint>
#include <cstring>
#include <string>

#include "absl/time/time.h"
#include "base/bytes.h"

namespace chancery::block::wire {

template <typename T>
void PutInt(std::string& out, T value) {
  for (int shift = 8 * (sizeof(T) - 1); shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(static_cast<uint64_t>(value) >> shift));
  }
}

inline void PutTime(std::string& out, absl::Time time) {
  PutInt<int64_t>(out, absl::ToUnixSeconds(time));
}

// A length of type Length, then the bytes.
template <typename Length>
void PutCounted(std::string& out, base::Bytes bytes) {
  PutInt(out, static_cast<Length>(bytes.size()));
  base::Append(out, bytes);
}

// Takes from the front; a failed read moves nothing. The bytes must outlive it.
class Reader {
 public:
  explicit Reader(base::Bytes in) : rest_(in) {}

  template <typename T>
  [[nodiscard]] bool Int(T& value) {
    if (rest_.size() < sizeof(T)) return false;
    uint64_t wide = 0;
    for (uint8_t byte : rest_.first(sizeof(T))) wide = wide << 8 | byte;
    value = static_cast<T>(wide);
    rest_ = rest_.subspan(sizeof(T));
    return true;
  }

  // Whole seconds of the years 1970 to 9999, which GeneralizedTime can hold.
  [[nodiscard]] bool Time(absl::Time& time) {
    const Reader before = *this;
    int64_t seconds;
    if (!Int(seconds) || seconds < 0 || seconds > 253402300799) {
      *this = before;
      return false;
    }
    time = absl::FromUnixSeconds(seconds);
    return true;
  }

  [[nodiscard]] bool Take(size_t size, base::Bytes& bytes) {
    if (rest_.size() < size) return false;
    bytes = rest_.first(size);
    rest_ = rest_.subspan(size);
    return true;
  }

  template <size_t N>
  [[nodiscard]] bool Array(std::array<uint8_t, N>& out) {
    base::Bytes bytes;
    if (!Take(N, bytes)) return false;
    std::memcpy(out.data(), bytes.data(), N);
    return true;
  }

  template <typename Length>
  [[nodiscard]] bool Counted(base::Bytes& bytes) {
    const Reader before = *this;
    Length size;
    if (Int(size) && Take(size, bytes)) return true;
    *this = before;
    return false;
  }

  bool AtEnd() const { return rest_.empty(); }
  size_t size() const { return rest_.size(); }

 private:
  base::Bytes rest_;
};

}  // namespace chancery::block::wire

#endif  // CHANCERY_BLOCK_WIRE_H_
