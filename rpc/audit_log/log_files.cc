#include "rpc/audit_log/log_files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "crypto/digest.h"
#include "rpc/audit_log/record.h"

namespace chancery::rpc {
namespace {

constexpr size_t kSequenceDigits = 12;

absl::Status Failed(const char* verb, const std::string& path) {
  const std::string text = absl::StrCat("audit_log.path: cannot ", verb, " ",
                                        path, ": ", std::strerror(errno));
  if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG) {
    return absl::ResourceExhaustedError(text);
  }
  return absl::UnavailableError(text);
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

absl::Status SyncFolderOf(const std::string& path) {
  const std::string folder = FolderOf(path);
  const base::Fd fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || fsync(fd.get()) != 0) return Failed("sync", folder);
  return absl::OkStatus();
}

// The sequence in the name of a file that was renamed.
std::optional<uint64_t> SequenceOf(const std::string& name,
                                   const std::string& base) {
  if (!absl::StartsWith(name, base + ".")) return std::nullopt;
  const std::string digits = name.substr(base.size() + 1);
  if (digits.size() < kSequenceDigits || digits.size() > 19) {
    return std::nullopt;
  }
  if (!std::all_of(digits.begin(), digits.end(), absl::ascii_isdigit)) {
    return std::nullopt;
  }
  return std::stoull(digits);
}

// Follows the lines of a file; the last one may be unfinished.
class Follower {
 public:
  Follower(const std::string& path, ChainEnd end)
      : path_(path), end_(std::move(end)) {}

  // DataLoss names the line that does not fit.
  absl::Status Follow(absl::string_view content) {
    for (uint64_t number = 1; !content.empty(); ++number) {
      const size_t size = content.find('\n');
      if (size == absl::string_view::npos) {
        rest_ = std::string(content);
        return absl::OkStatus();
      }
      const absl::string_view text = content.substr(0, size);
      const auto line = ParseAuditLine(text);
      const bool first = number == 1 && !anchored_;
      if (!line.ok() || (!first && (line->sequence != end_.sequence ||
                                    line->previous != end_.previous))) {
        return absl::DataLossError(absl::StrCat(
            "audit_log.path: ", path_, ":", number,
            ": does not fit to the line before: the log was changed. Look into "
            "it with `chancery audit log verify`, then move it elsewhere"));
      }
      if (number == 1) first_ = line->sequence;
      end_ = {.sequence = line->sequence + 1, .previous = AuditLineHash(text)};
      length_ += size + 1;
      content.remove_prefix(size + 1);
    }
    return absl::OkStatus();
  }
  // Its first line must go on from where the files before it end.
  void set_anchored() { anchored_ = true; }

  const ChainEnd& end() const { return end_; }
  uint64_t first() const { return first_; }
  uint64_t length() const { return length_; }  // Of whole lines.
  const std::string& rest() const { return rest_; }

 private:
  const std::string& path_;
  ChainEnd end_;
  bool anchored_ = false;
  uint64_t first_ = 0, length_ = 0;
  std::string rest_;
};

}  // namespace

std::vector<std::string> AuditLogFiles(const std::string& path) {
  namespace fs = std::filesystem;
  const std::string base = fs::path(path).filename();
  std::vector<std::pair<uint64_t, std::string>> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(FolderOf(path), error)) {
    const auto sequence = SequenceOf(entry.path().filename(), base);
    if (sequence.has_value()) found.emplace_back(*sequence, entry.path());
  }
  std::sort(found.begin(), found.end());
  std::vector<std::string> out;
  for (auto& [sequence, file] : found) out.push_back(std::move(file));
  if (fs::exists(path, error)) out.push_back(path);
  return out;
}

absl::StatusOr<LogFiles> LogFiles::Open(const std::string& path,
                                        uint64_t max_bytes) {
  LogFiles files(path, max_bytes);
  RETURN_IF_ERROR(files.OpenCurrent());
  RETURN_IF_ERROR(files.ReadRenamed());
  RETURN_IF_ERROR(files.ReadCurrent());
  return files;
}

absl::Status LogFiles::OpenCurrent() {
  base::Fd file(open(path_.c_str(),
                     O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
                     0600));
  struct stat facts = {};
  if (!file.valid() || fstat(file.get(), &facts) != 0) {
    return Failed("open", path_);
  }
  if (!S_ISREG(facts.st_mode) || (facts.st_mode & 077) != 0) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "audit_log.path: %s: must be a file that only its owner has access to "
        "(0600), not %04o",
        path_, facts.st_mode & 07777));
  }
  if (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        "audit_log.path: ", path_, ": another process writes there"));
  }
  RETURN_IF_ERROR(SyncFolderOf(path_));
  file_ = std::move(file);
  return absl::OkStatus();
}

// Of those before, only the last is read: where it ends.
absl::Status LogFiles::ReadRenamed() {
  std::vector<std::string> files = AuditLogFiles(path_);
  if (!files.empty()) files.pop_back();  // `path_`.
  if (files.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::string content,
                   base::ReadFile(files.back(), kMaxLogFile));
  Follower follower(files.back(), {});
  RETURN_IF_ERROR(follower.Follow(content));
  if (!follower.rest().empty() || follower.length() == 0) {
    return absl::DataLossError(absl::StrCat("audit_log.path: ", files.back(),
                                            ": does not end with a line"));
  }
  end_ = follower.end();
  return absl::OkStatus();
}

absl::Status LogFiles::ReadCurrent() {
  ASSIGN_OR_RETURN(const std::string content,
                   base::ReadFile(path_, kMaxLogFile));
  Follower follower(path_, end_);
  if (end_.sequence > 0) follower.set_anchored();
  RETURN_IF_ERROR(follower.Follow(content));
  size_ = follower.length();
  first_ = size_ == 0 ? end_.sequence : follower.first();
  end_ = follower.end();
  if (follower.rest().empty()) return absl::OkStatus();
  // What a crash in the middle of a write leaves; no answer left for it.
  if (ftruncate(file_.get(), static_cast<off_t>(size_)) != 0 ||
      fsync(file_.get()) != 0) {
    return Failed("repair", path_);
  }
  const crypto::Sha256Digest hash =
      crypto::Sha256(base::AsBytes(follower.rest()));
  dropped_ =
      absl::StrCat("dropped an unfinished line of ", follower.rest().size(),
                   " bytes with SHA-256 ", base::Hex(hash));
  return absl::OkStatus();
}

absl::Status LogFiles::Rename() {
  const std::string to =
      absl::StrFormat("%s.%0*d", path_, int{kSequenceDigits}, first_);
  if (renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, to.c_str(),
                RENAME_NOREPLACE) != 0) {
    return Failed("rename", path_);
  }
  // From here on the next start goes on from the renamed file.
  file_ = base::Fd();
  return absl::OkStatus();
}

absl::Status LogFiles::Write(const std::string& lines) {
  for (size_t done = 0; done < lines.size();) {
    const ssize_t put =
        write(file_.get(), lines.data() + done, lines.size() - done);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) {
      const absl::Status why = Failed("write", path_);
      if (ftruncate(file_.get(), static_cast<off_t>(size_)) != 0) {
        broken_ = true;
      }
      return why;
    }
    done += static_cast<size_t>(put);
  }
  if (fdatasync(file_.get()) == 0) return absl::OkStatus();
  // Nobody knows what of it is on disk, and asking again would not tell.
  broken_ = true;
  return absl::DataLossError(
      absl::StrCat("audit_log.path: cannot sync ", path_));
}

absl::Status LogFiles::Append(const std::string& lines, const ChainEnd& end) {
  if (broken_) {
    return absl::DataLossError(
        absl::StrCat("audit_log.path: ", path_,
                     ": a write failed: start the service again"));
  }
  if (size_ > 0 && size_ + lines.size() > max_bytes_) RETURN_IF_ERROR(Rename());
  if (!file_.valid()) {
    RETURN_IF_ERROR(OpenCurrent());
    size_ = 0;
    first_ = end_.sequence;
  }
  RETURN_IF_ERROR(Write(lines));
  size_ += lines.size();
  end_ = end;
  return absl::OkStatus();
}

}  // namespace chancery::rpc
