#ifndef CHANCERY_TOOLS_CHANCERY_PROBE_METRICS_H_
#define CHANCERY_TOOLS_CHANCERY_PROBE_METRICS_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "rpc/metrics.h"
#include "tools/chancery/probe/judge.h"

namespace chancery::cli {

// What a prober that runs on exports. Not thread-safe; the metrics are.
class ProbeMetrics {
 public:
  // `metrics` must outlive it.
  explicit ProbeMetrics(rpc::Metrics& metrics) : metrics_(metrics) {}

  // One round, made at `now`.
  void Take(const std::vector<ProbeResult>& results, absl::Time now);

 private:
  rpc::Metrics& metrics_;
};

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_PROBE_METRICS_H_
