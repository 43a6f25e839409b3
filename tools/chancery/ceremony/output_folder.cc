#include "tools/chancery/ceremony/output_folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "tools/chancery/ceremony/plan.h"

namespace chancery::cli::ceremony {
namespace {

constexpr char kJournal[] = "journal";

bool Exists(const std::string& path) {
  struct stat facts = {};
  return lstat(path.c_str(), &facts) == 0;
}

absl::Status FromErrno(absl::string_view what, const std::string& path) {
  return absl::UnavailableError(
      absl::StrCat("cannot ", what, " ", path, ": ", std::strerror(errno)));
}

std::string ParentOf(const std::string& path) {
  return std::filesystem::path(path).parent_path().string();
}

absl::Status Sync(const std::string& folder) {
  const base::Fd fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || fsync(fd.get()) != 0) return FromErrno("sync", folder);
  return absl::OkStatus();
}

// What was going on in a partial folder that is there.
absl::Status Explain(const std::string& partial) {
  const std::string path = absl::StrCat(partial, "/", kJournal);
  const base::Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.valid() && flock(fd.get(), LOCK_SH | LOCK_NB) != 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        partial, ": a ceremony is at work in it: wait for it to end"));
  }
  const auto journal = base::ReadFile(path);
  return absl::FailedPreconditionError(absl::StrCat(
      partial, ": a ceremony was interrupted. It had done this:\n",
      journal.ok() ? *journal : "(there is no journal)\n",
      "Nothing was released and nothing is touched now. Keys that it made in a "
      "token are still there: destroy them, or give the new ones other names; "
      "keys that it destroyed are gone, and the outputs made before are in "
      "that folder. Then move the folder away and run the ceremony again."));
}

}  // namespace

absl::Status OutputFolder::CheckFree(const std::string& folder,
                                     absl::string_view ceremony_sha256_hex) {
  if (Exists(folder)) {
    const std::string path = absl::StrCat(folder, "/", kTranscriptFile);
    const auto transcript = base::ReadFile(path);
    if (transcript.ok() &&
        absl::StrContains(
            *transcript,
            absl::StrCat("ceremony_sha256: \"", ceremony_sha256_hex, "\""))) {
      return absl::AlreadyExistsError(absl::StrCat(
          "this ceremony has been performed, with this very file: ", path,
          " tells of it. Nothing was changed"));
    }
    return absl::FailedPreconditionError(
        absl::StrCat("output_dir ", folder,
                     " exists, and a ceremony overwrites nothing: name a "
                     "folder that is not there"));
  }
  const std::string partial = absl::StrCat(folder, ".partial");
  return Exists(partial) ? Explain(partial) : absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<OutputFolder>> OutputFolder::Begin(
    const std::string& folder, absl::string_view ceremony_sha256_hex) {
  RETURN_IF_ERROR(CheckFree(folder, ceremony_sha256_hex));
  std::string partial = absl::StrCat(folder, ".partial");
  RETURN_IF_ERROR(base::MakeDirectories(ParentOf(folder)));
  if (mkdir(partial.c_str(), 0700) != 0) {
    if (errno == EEXIST) return Explain(partial);
    return FromErrno("create folder", partial);
  }
  std::unique_ptr<OutputFolder> made(
      new OutputFolder(folder, std::move(partial)));
  const std::string journal = absl::StrCat(made->partial_, "/", kJournal);
  made->journal_ =
      base::Fd(open(journal.c_str(),
                    O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!made->journal_.valid() ||
      flock(made->journal_.get(), LOCK_EX | LOCK_NB) != 0) {
    return FromErrno("create", journal);
  }
  RETURN_IF_ERROR(Sync(made->partial_));
  RETURN_IF_ERROR(Sync(ParentOf(folder)));
  return made;
}

OutputFolder::~OutputFolder() {
  if (committed_ || keep_) return;
  std::error_code ignored;
  std::filesystem::remove_all(partial_, ignored);
}

absl::Status OutputFolder::Put(const std::string& name, base::Bytes content,
                               int mode) {
  return base::CreateFile(absl::StrCat(partial_, "/", name), content, mode);
}

absl::Status OutputFolder::Note(absl::string_view line) {
  const std::string text = absl::StrCat(line, "\n");
  if (write(journal_.get(), text.data(), text.size()) !=
          static_cast<ssize_t>(text.size()) ||
      fsync(journal_.get()) != 0) {
    return FromErrno("write", absl::StrCat(partial_, "/", kJournal));
  }
  return absl::OkStatus();
}

absl::Status OutputFolder::Commit() {
  // Never over another folder, not even an empty one.
  if (renameat2(AT_FDCWD, partial_.c_str(), AT_FDCWD, folder_.c_str(),
                RENAME_NOREPLACE) != 0) {
    if (errno == EEXIST) {
      return absl::FailedPreconditionError(
          absl::StrCat(folder_, " appeared meanwhile"));
    }
    return FromErrno("rename to its final name", partial_);
  }
  committed_ = true;
  unlink(absl::StrCat(folder_, "/", kJournal).c_str());
  RETURN_IF_ERROR(Sync(folder_));
  return Sync(ParentOf(folder_));
}

}  // namespace chancery::cli::ceremony
