// Bytes as this system passes them: a view to read, a std::string to own.
//
//   base::Bytes view = base::AsBytes(message.payload());
//   std::string copy = base::ToString(view);
#ifndef CHANCERY_BASE_BYTES_H_
#define CHANCERY_BASE_BYTES_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/strings/string_view.h"

namespace chancery::base {

// A view of bytes; whoever holds the bytes must outlive it.
using Bytes = std::span<const uint8_t>;

// The bytes of `text`, which must outlive the result. Any string type converts.
inline Bytes AsBytes(const char* data, size_t size) {
  return {reinterpret_cast<const uint8_t*>(data), size};
}
inline Bytes AsBytes(const std::string& text) {
  return AsBytes(text.data(), text.size());
}
inline Bytes AsBytes(absl::string_view text) {
  return AsBytes(text.data(), text.size());
}
Bytes AsBytes(std::string&& text) = delete;  // It would dangle.

inline std::string ToString(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline absl::string_view AsText(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline void Append(std::string& out, Bytes bytes) {
  out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

bool Equal(Bytes a, Bytes b);

}  // namespace chancery::base

#endif  // CHANCERY_BASE_BYTES_H_
