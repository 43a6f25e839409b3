// The threads that sign the records of all blocks.
//
//   SigningThreads threads(4);
//   RETURN_IF_ERROR(threads.Run(records.size(), kSignatures, [&](size_t i) {
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

// As many as the key can keep busy. What comes first is done first, so that the
// first block is in the ledger while the next is signed. Thread-safe.
class SigningThreads {
 public:
  // A grain of signatures, or of verifications.
  static constexpr size_t kSignatures = 8;

  // 0: all work is done in the callers' threads.
  explicit SigningThreads(int threads);
  // Nobody must be in Run.
  ~SigningThreads();
  SigningThreads(const SigningThreads&) = delete;
  SigningThreads& operator=(const SigningThreads&) = delete;

  // Runs `work(i)` once for each i below `count`, from several threads, and
  // returns when all have ended. After an error, which is returned, no other is
  // begun. `work` must not call Run.
  // `grain`: so many are not worth another thread, and a thread takes as many
  // at a time or more. Up to 64 the caller's thread works too, which others'
  // jobs do not hold up: a revocation does not wait for whole blocks. With more
  // it only waits.
  absl::Status Run(size_t count, size_t grain,
                   absl::FunctionRef<absl::Status(size_t i)> work);

 private:
  struct Job {
    const size_t count;
    const size_t piece;  // What a thread takes at a time.
    const absl::FunctionRef<absl::Status(size_t i)> work;
    size_t next = 0;     // The first that nobody has begun.
    size_t running = 0;  // Threads that are at it.
    absl::Status status = {};
  };

  void Work();
  // Takes a piece of `job`, which has one, and does it.
  void DoPiece(Job& job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  base::Mutex mu_;
  base::CondVar changed_;
  std::deque<Job*> jobs_ ABSL_GUARDED_BY(mu_);  // With something to begin.
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_SIGNING_THREADS_H_
