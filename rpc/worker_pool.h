// The threads that run handlers.
#ifndef CHANCERY_RPC_WORKER_POOL_H_
#define CHANCERY_RPC_WORKER_POOL_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace chancery::rpc {

// A fixed number of threads and a bounded queue: gRPC's own threads come and go
// under load, which halves the rate, and an unbounded queue only makes every
// caller time out. Thread-safe.
class WorkerPool {
 public:
  explicit WorkerPool(size_t threads, size_t max_queued = 4096);
  ~WorkerPool();  // As Stop.
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Runs what is queued, then ends the threads: once it returns, no job uses
  // anything any more. Not from a job.
  void Stop();

  // False, and `job` is dropped, if `max_queued` jobs wait already, and after
  // Stop.
  [[nodiscard]] bool TryRun(std::function<void()> job);

 private:
  void Work();

  const size_t max_queued_;
  base::Mutex mu_;
  base::CondVar changed_;
  std::deque<std::function<void()>> jobs_ ABSL_GUARDED_BY(mu_);
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_WORKER_POOL_H_
