// Bytes that must not outlive their use: wiped when dropped, never printed.
#ifndef CHANCERY_BASE_SECRET_H_
#define CHANCERY_BASE_SECRET_H_

#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace chancery::base {

// Overwrites `size` bytes at `data` in a way that the compiler keeps.
void Wipe(void* data, size_t size);

// Owns a PIN, a password or a private key's encoding. It moves but does not
// copy, has no operator<<, and overwrites its memory when it goes.
class Secret {
 public:
  Secret() = default;
  // Takes the bytes; the caller's string is wiped and left empty.
  explicit Secret(std::string&& value);
  ~Secret() { Clear(); }
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;

  // Valid until this object changes or goes. Named so that a review can find
  // every place where a secret is read.
  absl::string_view Reveal() const { return value_; }
  bool empty() const { return value_.empty(); }
  void Clear();

 private:
  std::string value_;
};

}  // namespace chancery::base

#endif  // CHANCERY_BASE_SECRET_H_
