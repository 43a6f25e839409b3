// The files of an audit log: appended to, synced, renamed when they are large.
#ifndef CHANCERY_RPC_AUDIT_LOG_LOG_FILES_H_
#define CHANCERY_RPC_AUDIT_LOG_LOG_FILES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/fd.h"

namespace chancery::rpc {

// Where the chain goes on.
struct ChainEnd {
  uint64_t sequence = 0;  // Of the next line.
  std::string previous = std::string(32, '\0');
};

// One process at a time: it holds a lock. Thread-compatible.
class LogFiles {
 public:
  // Makes `path` (0600) if it is not there; its folder must be. Reads all of it
  // and checks its chain. The end of a line that a crash left unfinished is cut
  // off: dropped() says what it was.
  // FailedPrecondition: another process writes there, others can read or write
  // it, or it is no file. DataLoss: a line in it does not fit: somebody changed
  // it; nothing is repaired.
  static absl::StatusOr<LogFiles> Open(const std::string& path,
                                       uint64_t max_bytes);

  const ChainEnd& end() const { return end_; }
  const std::string& dropped() const { return dropped_; }

  // Adds lines, each with its end, that lead to `end`; returns once they are on
  // disk. First renames a file that they would make too large.
  // After ResourceExhausted or Unavailable nothing of them is there and it may
  // be tried again; after DataLoss only opening again tells.
  absl::Status Append(const std::string& lines, const ChainEnd& end);

 private:
  LogFiles(std::string path, uint64_t max_bytes)
      : path_(std::move(path)), max_bytes_(max_bytes) {}
  absl::Status OpenCurrent();
  absl::Status ReadCurrent();
  absl::Status ReadRenamed();
  absl::Status Rename();
  absl::Status Write(const std::string& lines);

  std::string path_;
  uint64_t max_bytes_ = 0;
  base::Fd file_;
  uint64_t size_ = 0;
  uint64_t first_ = 0;  // Sequence of the file's first line.
  ChainEnd end_;
  std::string dropped_;
  bool broken_ = false;
};

// What is read of a file at a start: more is none of ours.
inline constexpr size_t kMaxLogFile = size_t{4} << 30;

// The log's files that are there, oldest first: those that were renamed, then
// `path` itself.
std::vector<std::string> AuditLogFiles(const std::string& path);

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_AUDIT_LOG_LOG_FILES_H_
