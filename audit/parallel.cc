#include "audit/parallel.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace chancery::audit {

void ForEachInParallel(
    size_t count, int threads, Findings& findings,
    absl::FunctionRef<void(size_t at, Findings& findings)> check) {
  const size_t workers =
      std::min<size_t>(std::max(threads, 1), (count + 15) / 16);
  if (workers <= 1) {
    for (size_t at = 0; at < count; ++at) check(at, findings);
    return;
  }
  std::atomic<size_t> next{0};
  std::vector<Findings> found(workers);
  std::vector<std::thread> running;
  for (size_t worker = 0; worker < workers; ++worker) {
    running.emplace_back([&, worker] {
      for (size_t at = next++; at < count; at = next++) {
        check(at, found[worker]);
      }
    });
  }
  for (std::thread& one : running) one.join();
  for (Findings& one : found) findings.Absorb(std::move(one));
}

}  // namespace chancery::audit
