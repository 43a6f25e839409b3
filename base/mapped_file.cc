#include "base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace chancery::base {
namespace {

absl::Status Failed(const std::string& folder, size_t size, int error) {
  const std::string message = absl::StrCat("a file of ", size, " bytes in ",
                                           folder, ": ", std::strerror(error));
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) {
    return absl::ResourceExhaustedError(message);
  }
  return absl::UnavailableError(message);
}

}  // namespace

absl::StatusOr<MappedFile> MappedFile::Create(const std::string& folder,
                                              size_t size) {
  if (size == 0) return MappedFile(std::span<char>());
  const int fd = open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) return Failed(folder, size, errno);
  void* mapped = MAP_FAILED;
  int error = posix_fallocate(fd, 0, static_cast<off_t>(size));
  if (error == 0) {
    mapped = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED) error = errno;
  }
  close(fd);  // The mapping keeps the file.
  if (error != 0) return Failed(folder, size, error);
  // Records are read one here, one there: what lies beside is not worth memory.
  (void)madvise(mapped, size, MADV_RANDOM);
  return MappedFile({static_cast<char*>(mapped), size});
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : bytes_(std::exchange(other.bytes_, {})) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  return *this;
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) munmap(bytes_.data(), bytes_.size());
}

}  // namespace chancery::base
