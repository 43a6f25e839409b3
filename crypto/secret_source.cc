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

absl::Status FromErrno(int error, const std::string& path) {
  const std::string text =
      absl::StrCat("cannot read ", path, ": ", std::strerror(error));
  if (error == ENOENT || error == ENOTDIR) return absl::NotFoundError(text);
  if (error == EACCES) return absl::PermissionDeniedError(text);
  return absl::UnavailableError(text);
}

absl::StatusOr<base::Secret> ReadDescriptor(int fd, const std::string& path,
                                            size_t max_size) {
  struct stat info;
  if (fstat(fd, &info) != 0) return FromErrno(errno, path);
  if (!S_ISREG(info.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " is not a regular file"));
  }
  if ((info.st_mode & 077) != 0) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s has mode %04o: others than its owner could read or change it; "
        "chmod 0600 or 0400",
        path, info.st_mode & 07777));
  }
  // One buffer of the final size, so that growing leaves no copy behind.
  std::string content(max_size + 1, '\0');
  size_t size = 0;
  while (size < content.size()) {
    const ssize_t got = read(fd, content.data() + size, content.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      const int error = errno;
      base::Wipe(content.data(), size);
      return FromErrno(error, path);
    }
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  if (size > max_size) {
    base::Wipe(content.data(), size);
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is larger than ", max_size, " bytes"));
  }
  content.resize(size);
  return base::Secret(std::move(content));
}

}  // namespace

absl::StatusOr<base::Secret> ReadSecretFile(const std::string& path,
                                            size_t max_size) {
  // Checked and read through one descriptor: the file cannot be exchanged in
  // between.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return FromErrno(errno, path);
  absl::StatusOr<base::Secret> secret = ReadDescriptor(fd, path, max_size);
  close(fd);
  return secret;
}

absl::StatusOr<base::Secret> ReadSecret(const SecretSource& source) {
  if (source.file.empty() == source.env.empty()) {
    return absl::InvalidArgumentError(
        "a secret comes from a file or from an environment variable: name one");
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
                   ReadSecretFile(source.file, 4096));
  absl::string_view line = content.Reveal();
  line = line.substr(0, line.find('\n'));
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  if (line.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(source.file, " has an empty first line, not a secret"));
  }
  return base::Secret(std::string(line));
}

}  // namespace chancery::crypto
