#include "responder/cache/spool_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace chancery::responder {
namespace {

absl::Status Failed(int error) {
  const std::string message =
      absl::StrCat("cannot keep it on disk: ", std::strerror(error));
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) {
    return absl::ResourceExhaustedError(message);
  }
  return absl::UnavailableError(message);
}

}  // namespace

absl::StatusOr<SpoolFile> SpoolFile::Create(const std::string& folder) {
  std::string path = absl::StrCat(folder, "/XXXXXX", kSuffix);
  // Makes it with mode 0600.
  base::Fd file(mkostemps(path.data(), sizeof kSuffix - 1, O_CLOEXEC));
  if (!file.valid()) return Failed(errno);
  return SpoolFile(std::move(path), std::move(file));
}

SpoolFile::SpoolFile(SpoolFile&& other) noexcept
    : path_(std::exchange(other.path_, {})),
      file_(std::move(other.file_)),
      size_(other.size_) {}

SpoolFile& SpoolFile::operator=(SpoolFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(file_, other.file_);
  std::swap(size_, other.size_);
  return *this;
}

SpoolFile::~SpoolFile() {
  if (!path_.empty()) unlink(path_.c_str());
}

absl::Status SpoolFile::Append(base::Bytes bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(file_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Failed(errno);
    size_ += static_cast<uint64_t>(written);
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

absl::Status SpoolFile::Publish(const std::string& path) {
  if (rename(path_.c_str(), path.c_str()) != 0) return Failed(errno);
  path_.clear();
  return absl::OkStatus();
}

}  // namespace chancery::responder
