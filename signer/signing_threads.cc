#include "signer/signing_threads.h"

#include <algorithm>

#include "base/status_macros.h"

namespace chancery::signer {
namespace {

// What a thread takes at a time, at most: half a millisecond of P-256, so that
// threads end together and the lock costs nothing.
constexpr size_t kMaxPiece = 32;
// Each thread is to take as many pieces, so that those who begin late or are
// slow do not keep the others waiting.
constexpr size_t kPiecesEach = 4;
// The caller's thread works too.
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
    size_t count, size_t grain,
    absl::FunctionRef<absl::Status(size_t i)> work) {
  if (count <= grain || threads_.empty()) return RunHere(0, count, work);
  const size_t even = count / (kPiecesEach * (threads_.size() + 1));
  Job job{.count = count,
          .piece = std::max(grain, std::min(even, kMaxPiece)),
          .work = work};
  base::MutexLock lock(mu_);
  jobs_.push_back(&job);
  changed_.NotifyAll();
  while (count <= kFew && job.next < count) DoPiece(job);
  while (job.next < count || job.running > 0) changed_.Wait(mu_);
  return job.status;
}

void SigningThreads::DoPiece(Job& job) {
  const size_t first = job.next;
  const size_t end = job.next = std::min(first + job.piece, job.count);
  ++job.running;
  if (job.next == job.count) std::erase(jobs_, &job);
  mu_.Unlock();
  const absl::Status status = RunHere(first, end, job.work);
  mu_.Lock();
  --job.running;
  if (!status.ok()) {
    // Not a copy, which would be shared with this thread's.
    job.status.Update(absl::Status(status.code(), status.message()));
    if (job.next < job.count) {
      job.next = job.count;
      std::erase(jobs_, &job);
    }
  }
  if (job.next == job.count && job.running == 0) changed_.NotifyAll();
}

void SigningThreads::Work() {
  base::MutexLock lock(mu_);
  while (true) {
    while (jobs_.empty() && !stopping_) changed_.Wait(mu_);
    if (jobs_.empty()) return;
    DoPiece(*jobs_.front());
  }
}

}  // namespace chancery::signer
