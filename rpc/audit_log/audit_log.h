// Every decision of a service, in a file that shows whether it was changed
// (FORMAT.md).
//
//   ASSIGN_OR_RETURN(auto log, AuditLog::Open(options, clock, process_log));
//   const auto entry = log->Append(record);
//   ... what was allowed ...
//   RETURN_IF_ERROR(log->Await(entry));   // Then the answer may leave.
#ifndef CHANCERY_RPC_AUDIT_LOG_AUDIT_LOG_H_
#define CHANCERY_RPC_AUDIT_LOG_AUDIT_LOG_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "rpc/audit_log/checkpoint.h"
#include "rpc/audit_log/log_files.h"
#include "rpc/audit_log/record.h"
#include "rpc/log.h"

namespace chancery::rpc {

// One thread writes: what came during a sync is written and synced together,
// while those whose decisions they are do what was allowed. Thread-safe.
class AuditLog {
 public:
  struct Options {
    std::string path = {};
    std::string service = {};  // The identity of the service.
    uint64_t max_bytes = 64 << 20;
    // A checkpoint follows what was written at most so much later; what was
    // decided so long after the last one is written with the next.
    absl::Duration checkpoint_interval = kCheckpointInterval;
    // What nobody waits for is on disk at most so much later.
    absl::Duration quiet_delay = absl::Milliseconds(200);
    // The same decision again is counted, and told once in this time.
    absl::Duration fold = absl::Minutes(1);
    // Asked for each checkpoint. Empty: there are none.
    std::function<absl::StatusOr<CheckpointKey>()> key = {};
  };
  struct Pending;
  using Entry = std::shared_ptr<Pending>;

  // When it returns, a line that says so is on disk, and what LogFiles::Open
  // repaired. Errors as there, and of the key. `clock` and `log` must outlive
  // this object.
  static absl::StatusOr<std::unique_ptr<AuditLog>> Open(
      Options options, const base::Clock& clock, const Log& log);
  // Writes what is left, a last line and a checkpoint.
  ~AuditLog();
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;

  // The time is set here.
  Entry Append(AuditRecord record);
  // For what may be lost in a crash of the machine: reads and refusals. What is
  // the same but for its time is folded into one line.
  void AppendQuietly(AuditRecord record);

  // Returns once it is on disk. Unavailable: it is not and will not be, which
  // the process' own log explains; what follows may be written again.
  absl::Status Await(const Entry& entry);
  // False after a write that failed, until one that did not.
  bool Healthy() const;

 private:
  using Steady = std::chrono::steady_clock;
  struct Folded {
    AuditRecord record;
    uint64_t times = 0;
    Steady::time_point told;
  };
  struct Batch {
    std::vector<Entry> entries;
    bool last = false;
  };

  AuditLog(Options options, LogFiles files, const base::Clock& clock,
           const Log& log);
  Entry Add(AuditRecord record, bool urgent) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Queues what is due of the folded, or all; returns when the next is.
  Steady::time_point AddFolded(bool all) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // The writing thread.
  void Run();
  Batch TakeBatch();
  bool CheckpointIsDue() const;
  absl::Status Write(const Batch& batch);
  void Finish(const Batch& batch, const absl::Status& status);

  const Options options_;
  const base::Clock& clock_;
  const Log& log_;

  // The writing thread's.
  LogFiles files_;
  Steady::time_point checkpoint_at_ = {};  // When the next one is due,
  absl::Time checkpoint_time_ = absl::InfinitePast();  // by the lines' clock.
  bool unsigned_ = false;  // Lines were written since the last one.

  mutable base::Mutex mu_;
  base::CondVar wake_;  // The writing thread.
  base::CondVar done_;  // Who awaits an entry.
  std::vector<Entry> queue_ ABSL_GUARDED_BY(mu_);
  Steady::time_point due_ ABSL_GUARDED_BY(mu_) = Steady::time_point::max();
  std::map<std::string, Folded> folded_ ABSL_GUARDED_BY(mu_);
  bool healthy_ ABSL_GUARDED_BY(mu_) = true;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_AUDIT_LOG_AUDIT_LOG_H_
