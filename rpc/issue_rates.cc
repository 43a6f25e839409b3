#include "rpc/issue_rates.h"

namespace chancery::rpc {

bool IssueRates::Take(const std::string& identity, absl::Time now,
                      uint64_t limit) {
  base::MutexLock lock(mu_);
  return counts_[identity].Take(now, limit);
}

void IssueRates::Add(const std::string& identity, absl::Time at) {
  base::MutexLock lock(mu_);
  counts_[identity].Add(at);
}

}  // namespace chancery::rpc
