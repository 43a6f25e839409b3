// Remembers what was let in, so that it is not let in again.
#ifndef CHANCERY_AUTHORITY_TOKEN_REPLAY_GUARD_H_
#define CHANCERY_AUTHORITY_TOKEN_REPLAY_GUARD_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/fd.h"
#include "base/mutex.h"

namespace chancery::authority {

// Its file holds records of 48 bytes: an id (32), the microsecond since 1970
// until which it is remembered (8, big-endian), and the first 8 bytes of the
// SHA-256 of these. A record that a crash left unfinished is dropped: it was
// not let in. Thread-safe.
class ReplayGuard {
 public:
  static constexpr size_t kIdSize = 32;

  struct Options {
    // 100 MB of memory at a million. Full, nobody is let in: whoever has a key
    // would otherwise make room for what was recorded.
    size_t max_ids = 1'000'000;
    // The file is written anew once it holds twice what is remembered, and more
    // than this.
    size_t min_rewrite = 4096;
  };

  // Reads what is still to be remembered at `now`; makes the file (0600) if it
  // is not there. FailedPrecondition: another process uses it, or others can
  // read it. DataLoss: it is no such file.
  static absl::StatusOr<std::unique_ptr<ReplayGuard>> Open(
      const std::string& path, absl::Time now, Options options);

  // OK once it is on disk that `id` was let in, to be remembered until `until`.
  // AlreadyExists: it is remembered. ResourceExhausted: full. Unavailable: the
  // file could not be written, and it was not let in.
  absl::Status Admit(const std::string& id, absl::Time now, absl::Time until);

  // What it was let in for did not happen and may be asked for again. A restart
  // may remember it all the same.
  void Forget(const std::string& id);

 private:
  ReplayGuard(std::string path, Options options)
      : path_(std::move(path)), options_(options) {}
  absl::Status Read(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status Rewrite() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status Write(const std::string& record)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Drop(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const std::string path_;
  const Options options_;
  base::Mutex mu_;
  base::Fd lock_;  // Of a file of its own: `path_` is replaced.
  base::Fd file_ ABSL_GUARDED_BY(mu_);
  uint64_t size_ ABSL_GUARDED_BY(mu_) = 0;
  std::map<std::string, absl::Time> until_ ABSL_GUARDED_BY(mu_);
  std::multimap<absl::Time, std::string> order_ ABSL_GUARDED_BY(mu_);
};

}  // namespace chancery::authority

#endif  // CHANCERY_AUTHORITY_TOKEN_REPLAY_GUARD_H_
