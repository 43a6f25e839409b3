#include "base/secret.h"

#include <cstring>

namespace chancery::base {

void Wipe(void* data, size_t size) { explicit_bzero(data, size); }

// Copying and wiping, rather than moving, leaves nothing behind in a short
// string's inline buffer.
Secret::Secret(std::string&& value) : value_(value) {
  Wipe(value.data(), value.size());
  value.clear();
}

Secret::Secret(Secret&& other) noexcept : value_(other.value_) {
  other.Clear();
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    Clear();
    value_ = other.value_;
    other.Clear();
  }
  return *this;
}

void Secret::Clear() {
  if (!value_.empty()) Wipe(value_.data(), value_.size());
  value_.clear();
}

}  // namespace chancery::base
