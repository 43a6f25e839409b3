#include "tools/chancery/init/new_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_macros.h"

namespace chancery::cli {
namespace {

std::string MarkPath(const Layout& layout) { return layout.In("init.partial"); }

bool Exists(const std::string& path) {
  struct stat facts = {};
  return lstat(path.c_str(), &facts) == 0;
}

absl::Status RefuseCluster(const Layout& layout) {
  if (!Exists(layout.ClusterFile())) return absl::OkStatus();
  return absl::AlreadyExistsError(
      absl::StrCat(layout.dir(),
                   " already holds a cluster, which was not touched: choose "
                   "another folder with --dir"));
}

absl::Status RefuseForeignEntries(const Layout& layout) {
  for (const std::string& entry : OwnedEntries()) {
    if (!Exists(layout.In(entry))) continue;
    return absl::AlreadyExistsError(
        absl::StrCat(layout.In(entry),
                     " exists, and not from an interrupted init: move it "
                     "away, or choose another folder with --dir"));
  }
  return absl::OkStatus();
}

absl::Status BusyError(const Layout& layout) {
  return absl::FailedPreconditionError(absl::StrCat(
      "another init is at work in ", layout.dir(), ": wait for it to end"));
}

// The mark, locked. `interrupted`: it is there already.
absl::StatusOr<int> TakeMark(const Layout& layout, bool interrupted) {
  const std::string path = MarkPath(layout);
  const int fd =
      open(path.c_str(),
           O_RDWR | O_CLOEXEC | (interrupted ? 0 : O_CREAT | O_EXCL), 0600);
  if (fd < 0) {
    if (errno == EEXIST || errno == ENOENT) return BusyError(layout);
    return absl::UnavailableError(
        absl::StrCat(path, ": ", std::strerror(errno)));
  }
  struct stat facts = {};
  if (flock(fd, LOCK_EX | LOCK_NB) != 0 || fstat(fd, &facts) != 0 ||
      facts.st_nlink == 0) {
    close(fd);
    return BusyError(layout);
  }
  return fd;
}

absl::Status RemoveOwnedEntries(const Layout& layout) {
  for (const std::string& entry : OwnedEntries()) {
    std::error_code error;
    std::filesystem::remove_all(layout.In(entry), error);
    if (error) {
      return absl::UnavailableError(
          absl::StrCat(layout.In(entry), ": ", error.message()));
    }
  }
  return absl::OkStatus();
}

absl::Status MakeOwnedEntries(const Layout& layout) {
  for (const std::string& entry : OwnedEntries()) {
    RETURN_IF_ERROR(base::MakeDirectories(layout.In(entry)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<NewFolder> NewFolder::Begin(const Layout& layout) {
  const bool fresh = !Exists(layout.dir());
  RETURN_IF_ERROR(base::MakeDirectories(layout.dir()));
  RETURN_IF_ERROR(RefuseCluster(layout));
  const bool interrupted = Exists(MarkPath(layout));
  // Before the mark, which says that all of these are ours.
  if (!interrupted) RETURN_IF_ERROR(RefuseForeignEntries(layout));
  ASSIGN_OR_RETURN(const int mark, TakeMark(layout, interrupted));
  // Whoever held the mark may have finished meanwhile.
  if (const absl::Status refused = RefuseCluster(layout); !refused.ok()) {
    close(mark);
    return refused;
  }
  NewFolder folder(layout, mark, interrupted, fresh);
  RETURN_IF_ERROR(RemoveOwnedEntries(layout));
  RETURN_IF_ERROR(MakeOwnedEntries(layout));
  return folder;
}

NewFolder::NewFolder(NewFolder&& other) noexcept
    : layout_(other.layout_),
      mark_(std::exchange(other.mark_, -1)),
      cleared_(other.cleared_),
      fresh_(other.fresh_),
      committed_(other.committed_) {}

NewFolder::~NewFolder() {
  if (mark_ < 0) return;
  // The mark goes last: should clearing fail, the next init does it.
  if (committed_ || RemoveOwnedEntries(layout_).ok()) {
    unlink(MarkPath(layout_).c_str());
    // Unless somebody has put something there meanwhile.
    if (!committed_ && fresh_) rmdir(layout_.dir().c_str());
  }
  close(mark_);
}

absl::Status NewFolder::Commit(base::Bytes cluster_file) {
  const absl::Status written =
      base::CreateFile(layout_.ClusterFile(), cluster_file, 0600);
  // After an error that came late the file may be there, and then it counts.
  committed_ = Exists(layout_.ClusterFile());
  return written;
}

}  // namespace chancery::cli
