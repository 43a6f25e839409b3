#ifndef CHANCERY_RESPONDER_RESPONDER_METRICS_H_
#define CHANCERY_RESPONDER_RESPONDER_METRICS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "responder/cache/block_cache.h"
#include "responder/cache/crl_cache.h"
#include "responder/cache/verified_replica.h"
#include "responder/http/http_server.h"
#include "responder/ocsp_counters.h"
#include "rpc/metrics.h"

namespace chancery::responder {

// Carries what a responder counts where it works to where Prometheus looks.
// Thread-compatible.
class ResponderMetrics {
 public:
  // All must outlive the object.
  struct Sources {
    const HttpServer& http;
    const OcspCounterPool& answers;
    const BlockCache& blocks;
    const CrlCache& crls;
    const VerifiedReplica& replica;
    const base::Clock& clock;
  };
  ResponderMetrics(const Sources& sources, rpc::Metrics& metrics);

  // Once in a while.
  void Refresh();

 private:
  struct Mirror {
    rpc::Counter counter;
    std::function<uint64_t()> read;
    uint64_t seen = 0;
  };

  const Sources sources_;
  std::vector<Mirror> mirrors_;
  const rpc::Gauge blocks_, certificates_, crls_, ready_, head_at_,
      blocks_behind_, store_fails_, next_update_, this_update_, crl_number_,
      crl_this_update_, crl_next_update_;
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_RESPONDER_METRICS_H_
