#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/fd.h"
#include "base/file_error.h"
#include "base/random.h"
#include "base/status_macros.h"

namespace chancery::base {
namespace {

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

absl::Status SyncFolderOf(const std::string& path) {
  const std::string folder = FolderOf(path);
  const Fd fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || fsync(fd.get()) != 0)
    return FromErrno(errno, "sync", folder);
  return absl::OkStatus();
}

absl::Status WriteSynced(const std::string& path, Bytes content, int mode) {
  const Fd fd(
      open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd.valid()) return FromErrno(errno, "create", path);
  while (!content.empty()) {
    const ssize_t put = write(fd.get(), content.data(), content.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return FromErrno(errno, "write", path);
    content = content.subspan(static_cast<size_t>(put));
  }
  if (fchmod(fd.get(), static_cast<mode_t>(mode)) != 0 ||
      fsync(fd.get()) != 0) {
    return FromErrno(errno, "write", path);
  }
  return absl::OkStatus();
}

std::string TemporaryBeside(const std::string& path) {
  return absl::StrCat(path, ".",
                      Hex(AsBytes(absl::string_view(SystemRandom().Bytes(6)))),
                      ".tmp");
}

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path, size_t max_size) {
  const Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return FromErrno(errno, "open", path);
  std::string out;
  char buffer[1 << 16];
  for (;;) {
    const ssize_t got = read(fd.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FromErrno(errno, "read", path);
    if (got == 0) return out;
    out.append(buffer, static_cast<size_t>(got));
    if (out.size() > max_size) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, " is larger than ", max_size, " bytes"));
    }
  }
}

absl::Status WriteFileAtomically(const std::string& path, Bytes content,
                                 int mode) {
  const std::string temporary = TemporaryBeside(path);
  absl::Status status = WriteSynced(temporary, content, mode);
  // The commit point: before the rename a crash leaves the old content.
  if (status.ok() && rename(temporary.c_str(), path.c_str()) != 0) {
    status = FromErrno(errno, "replace", path);
  }
  if (!status.ok()) {
    unlink(temporary.c_str());
    return status;
  }
  return SyncFolderOf(path);
}

absl::Status CreateFile(const std::string& path, Bytes content, int mode) {
  const std::string temporary = TemporaryBeside(path);
  absl::Status status = WriteSynced(temporary, content, mode);
  if (status.ok() && link(temporary.c_str(), path.c_str()) != 0) {
    status = FromErrno(errno, "create", path);
  }
  unlink(temporary.c_str());
  RETURN_IF_ERROR(status);
  return SyncFolderOf(path);
}

absl::Status MakeDirectories(const std::string& path) {
  for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    if (mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) {
      return FromErrno(errno, "create folder", part);
    }
    if (end == std::string::npos) break;
  }
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return FromErrno(errno, "open", path);
  if (!S_ISDIR(info.st_mode)) return FromErrno(ENOTDIR, "open folder", path);
  return absl::OkStatus();
}

}  // namespace chancery::base
