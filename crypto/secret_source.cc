#include "crypto/secret_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"

namespace chancery::crypto {
namespace {

constexpr size_t kMaxLine = 4096;

absl::Status FromErrno(int error, const std::string& path) {
  const std::string text =
      absl::StrCat("cannot read ", path, ": ", std::strerror(error));
  if (error == ENOENT || error == ENOTDIR) return absl::NotFoundError(text);
  if (error == EACCES) return absl::PermissionDeniedError(text);
  return absl::UnavailableError(text);
}

// What `fd` still has. One buffer of the final size, so that growing leaves no
// copy behind. Up to its end, or to the end of a line.
absl::StatusOr<base::Secret> ReadAll(int fd, const std::string& name,
                                     size_t max_size, bool one_line) {
  std::string content(max_size + 1, '\0');
  size_t size = 0;
  while (size < content.size()) {
    const ssize_t got = read(fd, content.data() + size, content.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      const int error = errno;
      base::Wipe(content.data(), size);
      return FromErrno(error, name);
    }
    if (got == 0) break;
    size += static_cast<size_t>(got);
    if (one_line && std::memchr(content.data(), '\n', size) != nullptr) break;
  }
  if (size > max_size) {
    base::Wipe(content.data(), size);
    return absl::InvalidArgumentError(
        absl::StrCat(name, " is larger than ", max_size, " bytes"));
  }
  content.resize(size);
  return base::Secret(std::move(content));
}

absl::StatusOr<MaybeSecretFile> ReadRegular(int fd, const std::string& path,
                                            size_t max_size) {
  struct stat info;
  if (fstat(fd, &info) != 0) return FromErrno(errno, path);
  if (!S_ISREG(info.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " is not a regular file"));
  }
  MaybeSecretFile file;
  if ((info.st_mode & 077) != 0) {
    file.privacy = absl::FailedPreconditionError(absl::StrFormat(
        "%s has mode %04o: others than its owner could read or change it; "
        "chmod 0600 or 0400",
        path, info.st_mode & 07777));
  }
  ASSIGN_OR_RETURN(file.content, ReadAll(fd, path, max_size, false));
  return file;
}

// The secret is its first line.
absl::StatusOr<base::Secret> FirstLine(const base::Secret& content,
                                       const std::string& name) {
  absl::string_view line = content.Reveal();
  line = line.substr(0, line.find('\n'));
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  if (line.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, " has an empty first line, not a secret"));
  }
  return base::Secret(std::string(line));
}

}  // namespace

absl::StatusOr<MaybeSecretFile> ReadMaybeSecretFile(const std::string& path,
                                                    size_t max_size) {
  // Checked and read through one descriptor: the file cannot be exchanged in
  // between.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return FromErrno(errno, path);
  absl::StatusOr<MaybeSecretFile> file = ReadRegular(fd, path, max_size);
  close(fd);
  return file;
}

absl::StatusOr<base::Secret> ReadSecretFile(const std::string& path,
                                            size_t max_size) {
  ASSIGN_OR_RETURN(MaybeSecretFile file, ReadMaybeSecretFile(path, max_size));
  RETURN_IF_ERROR(file.privacy);
  return std::move(file.content);
}

absl::StatusOr<base::Secret> ReadSecret(const SecretSource& source) {
  if (!source.file.empty() + !source.env.empty() + source.fd.has_value() != 1) {
    return absl::InvalidArgumentError(
        "a secret comes from a file or from an environment variable: name one");
  }
  if (source.fd.has_value()) {
    const std::string name = absl::StrCat("descriptor ", *source.fd);
    ASSIGN_OR_RETURN(const base::Secret content,
                     ReadAll(*source.fd, name, kMaxLine, true));
    return FirstLine(content, name);
  }
  if (!source.env.empty()) {
    const char* value = std::getenv(source.env.c_str());
    if (value == nullptr) {
      return absl::NotFoundError(
          absl::StrCat("environment variable ", source.env, " is not set"));
    }
    if (*value == '\0') {
      return absl::InvalidArgumentError(
          absl::StrCat("environment variable ", source.env, " is empty"));
    }
    return base::Secret(std::string(value));
  }
  ASSIGN_OR_RETURN(const base::Secret content,
                   ReadSecretFile(source.file, kMaxLine));
  return FirstLine(content, source.file);
}

}  // namespace chancery::crypto
