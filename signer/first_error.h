#ifndef CHANCERY_SIGNER_FIRST_ERROR_H_
#define CHANCERY_SIGNER_FIRST_ERROR_H_

#include <cstddef>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "base/mutex.h"
#include "signer/signing_threads.h"

namespace chancery::signer {

// Work on numbered items from several threads, in steps, which ends with the
// error that there would be if one item were done after the other: that of the
// first that has one, whichever thread was faster.
//
//   FirstError first(threads, files.size());
//   first.Run([&](size_t i) { return Read(files[i]); });
//   first.RunInOrder([&](size_t i) { return Open(files[i]); });
//   RETURN_IF_ERROR(first.status());
//
// Thread-compatible.
class FirstError {
 public:
  using Work = absl::FunctionRef<absl::Status(size_t i)>;

  // `threads` must outlive this object.
  FirstError(SigningThreads& threads, size_t count)
      : threads_(threads), end_(count) {}

  // Runs `work(i)` for each i below `end`, several at once; for those behind an
  // error only if they were begun before it was known.
  void Run(Work work);
  // The same one after the other, in the caller's thread.
  void RunInOrder(Work work);

  // The first item that has an error, or their count; and that error, or OK.
  size_t end() const;
  absl::Status status() const;

 private:
  void Record(size_t i, const absl::Status& error);

  SigningThreads& threads_;
  mutable base::Mutex mu_;
  size_t end_ ABSL_GUARDED_BY(mu_);
  absl::Status status_ ABSL_GUARDED_BY(mu_);
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_FIRST_ERROR_H_
