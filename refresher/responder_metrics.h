#ifndef CHANCERY_REFRESHER_RESPONDER_METRICS_H_
#define CHANCERY_REFRESHER_RESPONDER_METRICS_H_

#include <map>
#include <string>
#include <vector>

#include "refresher/responder_set.h"
#include "rpc/metrics.h"

namespace chancery::refresher {

// Shows each responder that there is, and none that has left. One caller at a
// time.
class ResponderMetrics {
 public:
  // Both must outlive this object.
  ResponderMetrics(const ResponderSet& responders, rpc::Metrics& metrics)
      : responders_(responders), metrics_(metrics) {}

  // Takes the present values over.
  void Refresh();

 private:
  std::vector<rpc::Gauge> AddGauges(const std::string& responder);

  const ResponderSet& responders_;
  rpc::Metrics& metrics_;
  std::map<std::string, std::vector<rpc::Gauge>> gauges_;  // By name.
};

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_RESPONDER_METRICS_H_
