#ifndef CHANCERY_RPC_ISSUE_RATES_H_
#define CHANCERY_RPC_ISSUE_RATES_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/time/time.h"
#include "base/mutex.h"
#include "rpc/hourly_count.h"

namespace chancery::rpc {

// What each identity was let issue in the last hour. Only identities with a
// limited grant come here, so this is bounded. Thread-safe.
class IssueRates {
 public:
  // HourlyCount::Take for this identity.
  bool Take(const std::string& identity, absl::Time now, uint64_t limit);
  // HourlyCount::Add for this identity.
  void Add(const std::string& identity, absl::Time at);

 private:
  base::Mutex mu_;
  std::map<std::string, HourlyCount> counts_ ABSL_GUARDED_BY(mu_);
};

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_ISSUE_RATES_H_
