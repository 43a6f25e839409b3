#ifndef CHANCERY_SIGNER_CRL_FILES_H_
#define CHANCERY_SIGNER_CRL_FILES_H_

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "base/fd.h"

namespace chancery::signer {

// A file that is being written. It goes with the object unless it is kept.
// Thread-compatible.
class CrlDraft {
 public:
  CrlDraft(std::string path, base::Fd file)
      : path_(std::move(path)), file_(std::move(file)) {}
  ~CrlDraft();
  CrlDraft(CrlDraft&& other) noexcept
      : path_(std::exchange(other.path_, {})), file_(std::move(other.file_)) {}
  CrlDraft& operator=(CrlDraft&&) = delete;

  // Open for reading, too.
  const base::Fd& file() const { return file_; }

  // ResourceExhausted: there is no room. Unavailable: anything else.
  absl::Status WriteAt(uint64_t offset, base::Bytes bytes);
  // What was written so far begins its way to the disk.
  void BeginSync(uint64_t offset, uint64_t size);

 private:
  friend class CrlFiles;
  std::string path_;  // Empty: kept, or moved away.
  base::Fd file_;
};

// Signed CRLs beside the log: a folder with a file of each, named by its
// SHA-256 in hex, mode 0600. A file is there, whole and synced, before the
// ledger has its entry, and goes only after the ledger has the next of its
// scope:
//
//   Create, WriteAt ...   a crash leaves a draft, which Open removes
//   Keep                  a crash after it leaves a CRL that nobody was given:
//                         KeepOnly at the start removes it
//   (the entry)           the commit point
//   Remove of the former  a crash before it leaves that: as above
//
// Thread-safe.
class CrlFiles {
 public:
  // Makes the folder (mode 0700) if it is not there; removes drafts. Without
  // `sync`, a power failure may lose what was kept: for tests that have none.
  // PermissionDenied, Unavailable: name the folder.
  static absl::StatusOr<CrlFiles> Open(std::string folder, bool sync = true);

  absl::StatusOr<CrlDraft> Create() const;
  // Durable when it returns. `sha256` is of the whole file.
  absl::StatusOr<std::shared_ptr<const base::Fd>> Keep(
      CrlDraft draft, const std::string& sha256) const;
  // NotFound.
  absl::StatusOr<std::shared_ptr<const base::Fd>> Find(
      const std::string& sha256) const;
  // Who has it open keeps it. What is not there is no error.
  void Remove(const std::string& sha256) const;
  // Removes all but these.
  void KeepOnly(const std::set<std::string>& sha256s) const;

 private:
  CrlFiles(std::string folder, bool sync)
      : folder_(std::move(folder)), sync_(sync) {}
  std::string PathOf(const std::string& sha256) const;

  std::string folder_;
  bool sync_;
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_CRL_FILES_H_
