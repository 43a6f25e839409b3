#include "responder/testing/memory_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

namespace chancery::responder::testing {

std::shared_ptr<const base::Fd> MemoryFile(absl::string_view content) {
  auto file = std::make_shared<base::Fd>(memfd_create("content", MFD_CLOEXEC));
  while (!content.empty()) {
    const ssize_t written = write(file->get(), content.data(), content.size());
    if (written <= 0) std::abort();
    content.remove_prefix(static_cast<size_t>(written));
  }
  return file;
}

std::string ReadPart(int file, size_t offset, size_t size) {
  std::string part(size, '\0');
  const ssize_t got =
      pread(file, part.data(), size, static_cast<off_t>(offset));
  part.resize(got < 0 ? 0 : static_cast<size_t>(got));
  return part;
}

}  // namespace chancery::responder::testing
