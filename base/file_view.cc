#include "base/file_view.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace chancery::base {
namespace {

constexpr size_t kPieceBytes = 1 << 20;

absl::Status Failed(const char* verb) {
  return absl::UnavailableError(
      absl::StrCat("cannot ", verb, " a file: ", std::strerror(errno)));
}

}  // namespace

absl::StatusOr<FileView> FileView::Map(const Fd& file) {
  struct stat info;
  if (fstat(file.get(), &info) != 0) return Failed("look at");
  if (info.st_size <= 0) return absl::InvalidArgumentError("the file is empty");
  const size_t size = static_cast<size_t>(info.st_size);
  // Read from front to end: the kernel may read ahead.
  void* mapped = mmap(nullptr, size, PROT_READ, MAP_SHARED, file.get(), 0);
  if (mapped == MAP_FAILED) return Failed("map");
  (void)madvise(mapped, size, MADV_SEQUENTIAL);
  return FileView({static_cast<const uint8_t*>(mapped), size});
}

FileView::FileView(FileView&& other) noexcept
    : bytes_(std::exchange(other.bytes_, {})) {}

FileView& FileView::operator=(FileView&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  return *this;
}

FileView::~FileView() {
  if (bytes_.empty()) return;
  munmap(const_cast<uint8_t*>(bytes_.data()), bytes_.size());
}

void FileView::Forget(Bytes part) const {
  // Whole pages, of which the first may hold the end of what was forgotten
  // before.
  static const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<uintptr_t>(part.data()) / page * page;
  const auto end =
      reinterpret_cast<uintptr_t>(part.data() + part.size()) / page * page;
  if (end <= begin) return;
  (void)madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

absl::Status FileView::ForEachPiece(
    absl::FunctionRef<absl::Status(Bytes)> visit) const {
  for (size_t at = 0; at < bytes_.size(); at += kPieceBytes) {
    const Bytes piece =
        bytes_.subspan(at, std::min(kPieceBytes, bytes_.size() - at));
    RETURN_IF_ERROR(visit(piece));
    Forget(piece);
  }
  return absl::OkStatus();
}

}  // namespace chancery::base
