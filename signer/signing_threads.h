// The threads that sign the records of all blocks.
//
//   SigningThreads threads(4);
//   RETURN_IF_ERROR(threads.Run(records.size(), [&](size_t i) {
//     return SignRecord(issuer, now, *records[i]);
//   }));
#ifndef CHANCERY_SIGNER_SIGNING_THREADS_H_
#define CHANCERY_SIGNER_SIGNING_THREADS_H_

#include <cstddef>
#include <deque>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "base/mutex.h"

namespace chancery::signer {

// As many as the key can keep busy, and no more: callers only wait. What comes
// first is done first, so that the first block is in the ledger while the next
// is signed. Thread-safe.
class SigningThreads {
 public:
  // 0: all work is done in the callers' threads.
  explicit SigningThreads(int threads);
  // Nobody must be in Run.
  ~SigningThreads();
  SigningThreads(const SigningThreads&) = delete;
  SigningThreads& operator=(const SigningThreads&) = delete;

  // Runs `work(i)` once for each i below `count`, from several threads, and
  // returns when all have ended. After an error, which is returned, no other is
  // begun. A few are done in the caller's thread at once: a revocation does not
  // wait for whole blocks. `work` must not call Run.
  absl::Status Run(size_t count,
                   absl::FunctionRef<absl::Status(size_t i)> work);

 private:
  struct Job {
    const size_t count;
    const absl::FunctionRef<absl::Status(size_t i)> work;
    size_t next = 0;     // The first that nobody has begun.
    size_t running = 0;  // Threads that are at it.
    absl::Status status = {};
  };

  void Work();

  base::Mutex mu_;
  base::CondVar changed_;
  std::deque<Job*> jobs_ ABSL_GUARDED_BY(mu_);  // With something to begin.
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_SIGNING_THREADS_H_
