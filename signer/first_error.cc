#include "signer/first_error.h"

namespace chancery::signer {

void FirstError::Run(Work work) {
  threads_
      .Run(end(), SigningThreads::kSignatures,
           [&](size_t i) {
             if (i >= end()) return absl::OkStatus();
             if (const absl::Status done = work(i); !done.ok()) Record(i, done);
             return absl::OkStatus();  // Those before it are still to be done.
           })
      .IgnoreError();
}

void FirstError::RunInOrder(Work work) {
  for (size_t i = 0; i < end(); ++i) {
    if (const absl::Status done = work(i); !done.ok()) Record(i, done);
  }
}

size_t FirstError::end() const {
  base::MutexLock lock(mu_);
  return end_;
}

absl::Status FirstError::status() const {
  base::MutexLock lock(mu_);
  return status_;
}

void FirstError::Record(size_t i, const absl::Status& error) {
  base::MutexLock lock(mu_);
  if (i >= end_) return;
  end_ = i;
  // Not a copy, which would be shared with the thread that made it.
  status_ = absl::Status(error.code(), error.message());
}

}  // namespace chancery::signer
