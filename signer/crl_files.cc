#include "signer/crl_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/status_macros.h"

namespace chancery::signer {
namespace {

constexpr char kDraftSuffix[] = ".draft";

absl::Status Failed(absl::string_view what, const std::string& path) {
  const int error = errno;
  const std::string message = absl::StrCat("CRL file ", path, ": cannot ", what,
                                           ": ", std::strerror(error));
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) {
    return absl::ResourceExhaustedError(message);
  }
  if (error == ENOENT) return absl::NotFoundError(message);
  return absl::UnavailableError(message);
}

// Calls `visit` with the name of each file in `folder` but the hidden ones.
template <typename Visit>
absl::Status ForEachFile(const std::string& folder, Visit visit) {
  DIR* open = opendir(folder.c_str());
  if (open == nullptr) return Failed("list", folder);
  while (const dirent* entry = readdir(open)) {
    if (entry->d_name[0] != '.') visit(absl::string_view(entry->d_name));
  }
  closedir(open);
  return absl::OkStatus();
}

}  // namespace

CrlDraft::~CrlDraft() {
  if (!path_.empty()) unlink(path_.c_str());
}

absl::Status CrlDraft::WriteAt(uint64_t offset, base::Bytes bytes) {
  while (!bytes.empty()) {
    const ssize_t written = pwrite(file_.get(), bytes.data(), bytes.size(),
                                   static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Failed("write", path_);
    offset += static_cast<uint64_t>(written);
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

void CrlDraft::BeginSync(uint64_t offset, uint64_t size) {
  (void)sync_file_range(file_.get(), static_cast<off64_t>(offset),
                        static_cast<off64_t>(size), SYNC_FILE_RANGE_WRITE);
}

absl::StatusOr<CrlFiles> CrlFiles::Open(std::string folder, bool sync) {
  RETURN_IF_ERROR(base::MakeDirectories(folder));
  RETURN_IF_ERROR(ForEachFile(folder, [&](absl::string_view name) {
    if (absl::EndsWith(name, kDraftSuffix)) {
      (void)unlink(absl::StrCat(folder, "/", name).c_str());
    }
  }));
  return CrlFiles(std::move(folder), sync);
}

absl::StatusOr<CrlDraft> CrlFiles::Create() const {
  std::string path = absl::StrCat(folder_, "/XXXXXX", kDraftSuffix);
  // Makes it with mode 0600.
  base::Fd file(mkostemps(path.data(), sizeof kDraftSuffix - 1, O_CLOEXEC));
  if (!file.valid()) return Failed("make", path);
  return CrlDraft(std::move(path), std::move(file));
}

absl::StatusOr<std::shared_ptr<const base::Fd>> CrlFiles::Keep(
    CrlDraft draft, const std::string& sha256) const {
  const std::string path = PathOf(sha256);
  if (sync_ && fdatasync(draft.file_.get()) != 0) {
    return Failed("sync", draft.path_);
  }
  if (rename(draft.path_.c_str(), path.c_str()) != 0) {
    return Failed("name", path);
  }
  draft.path_.clear();
  if (sync_) {
    const base::Fd folder(open(folder_.c_str(), O_RDONLY | O_CLOEXEC));
    if (!folder.valid() || fsync(folder.get()) != 0) {
      return Failed("sync", folder_);
    }
  }
  return std::make_shared<const base::Fd>(std::move(draft.file_));
}

absl::StatusOr<std::shared_ptr<const base::Fd>> CrlFiles::Find(
    const std::string& sha256) const {
  const std::string path = PathOf(sha256);
  base::Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.valid()) return Failed("open", path);
  return std::make_shared<const base::Fd>(std::move(file));
}

void CrlFiles::Remove(const std::string& sha256) const {
  (void)unlink(PathOf(sha256).c_str());
}

void CrlFiles::KeepOnly(const std::set<std::string>& sha256s) const {
  std::set<std::string> names;
  for (const std::string& sha256 : sha256s) {
    names.insert(base::Hex(base::AsBytes(sha256)));
  }
  (void)ForEachFile(folder_, [&](absl::string_view name) {
    if (!names.contains(std::string(name))) {
      (void)unlink(absl::StrCat(folder_, "/", name).c_str());
    }
  });
}

std::string CrlFiles::PathOf(const std::string& sha256) const {
  return absl::StrCat(folder_, "/", base::Hex(base::AsBytes(sha256)));
}

}  // namespace chancery::signer
