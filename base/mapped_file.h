#ifndef CHANCERY_BASE_MAPPED_FILE_H_
#define CHANCERY_BASE_MAPPED_FILE_H_

#include <cstddef>
#include <span>
#include <string>

#include "absl/status/statusor.h"

namespace chancery::base {

// Memory that lies in a file without a name: when memory is short, the kernel
// writes it there and reads it again when it is used. The file goes with the
// object, and with the process however it ends.
class MappedFile {
 public:
  // `size` zero bytes on the disk of `folder`, which has the room for all of
  // them from then on: no later write fails for want of it.
  // ResourceExhausted: it has not. Unavailable: anything else.
  static absl::StatusOr<MappedFile> Create(const std::string& folder,
                                           size_t size);

  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<char> bytes() const { return bytes_; }

 private:
  explicit MappedFile(std::span<char> bytes) : bytes_(bytes) {}

  std::span<char> bytes_;
};

}  // namespace chancery::base

#endif  // CHANCERY_BASE_MAPPED_FILE_H_
