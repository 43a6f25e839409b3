#ifndef CHANCERY_RESPONDER_CACHE_SPOOL_FILE_H_
#define CHANCERY_RESPONDER_CACHE_SPOOL_FILE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "base/fd.h"

namespace chancery::responder {

// A file that is being written, under a temporary name and with mode 0600. It
// goes with the object unless it is published. Not synced: a cache is sent
// again. Thread-compatible.
class SpoolFile {
 public:
  // What a temporary name ends with; whoever finds one at the start removes it.
  static constexpr char kSuffix[] = ".spool";

  // In `folder`, under a name that no other one has.
  // ResourceExhausted: there is no room. Unavailable: anything else. Messages
  // name no path: those who send files read them.
  static absl::StatusOr<SpoolFile> Create(const std::string& folder);

  SpoolFile(SpoolFile&& other) noexcept;
  SpoolFile& operator=(SpoolFile&& other) noexcept;
  ~SpoolFile();

  // Codes as Create's.
  absl::Status Append(base::Bytes bytes);

  // Of what was appended.
  uint64_t size() const { return size_; }
  // Open for reading, too.
  const base::Fd& file() const { return file_; }

  // The commit point: replaces `path`, in the same folder. Who has the old file
  // open keeps it.
  absl::Status Publish(const std::string& path);
  // After Publish: the descriptor is the caller's.
  base::Fd TakeFile() { return std::move(file_); }

 private:
  SpoolFile(std::string path, base::Fd file)
      : path_(std::move(path)), file_(std::move(file)) {}

  std::string path_;  // Empty: published, or moved away.
  base::Fd file_;
  uint64_t size_ = 0;
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_CACHE_SPOOL_FILE_H_
