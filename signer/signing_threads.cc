#include "signer/signing_threads.h"

#include <algorithm>

#include "base/status_macros.h"

namespace chancery::signer {
namespace {

// What a thread takes at a time: half a millisecond of P-256, so that threads
// end together and the lock costs nothing.
constexpr size_t kChunk = 32;
// So many are not worth another thread.
constexpr size_t kFew = 64;

absl::Status RunHere(size_t first, size_t end,
                     absl::FunctionRef<absl::Status(size_t i)> work) {
  for (size_t i = first; i < end; ++i) RETURN_IF_ERROR(work(i));
  return absl::OkStatus();
}

}  // namespace

SigningThreads::SigningThreads(int threads) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
}

SigningThreads::~SigningThreads() {
  {
    base::MutexLock lock(mu_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  for (std::thread& thread : threads_) thread.join();
}

absl::Status SigningThreads::Run(
    size_t count, absl::FunctionRef<absl::Status(size_t i)> work) {
  if (count <= kFew || threads_.empty()) return RunHere(0, count, work);
  Job job{.count = count, .work = work};
  base::MutexLock lock(mu_);
  jobs_.push_back(&job);
  changed_.NotifyAll();
  while (job.next < job.count || job.running > 0) changed_.Wait(mu_);
  return job.status;
}

void SigningThreads::Work() {
  while (true) {
    Job* job;
    size_t first, end;
    {
      base::MutexLock lock(mu_);
      while (jobs_.empty() && !stopping_) changed_.Wait(mu_);
      if (jobs_.empty()) return;
      job = jobs_.front();
      first = job->next;
      end = job->next = std::min(first + kChunk, job->count);
      ++job->running;
      if (job->next == job->count) jobs_.pop_front();
    }
    const absl::Status status = RunHere(first, end, job->work);
    base::MutexLock lock(mu_);
    --job->running;
    if (!status.ok()) {
      // Not a copy, which would be shared with this thread's.
      job->status.Update(absl::Status(status.code(), status.message()));
      if (job->next < job->count) {
        job->next = job->count;
        std::erase(jobs_, job);
      }
    }
    if (job->next == job->count && job->running == 0) changed_.NotifyAll();
  }
}

}  // namespace chancery::signer
