#include "refresher/purge/purges.h"

#include "base/random.h"
#include "chancery/config/refresher.pb.h"
#include "refresher/purge/curl_poster.h"
#include "refresher/purge/purge_config.h"

namespace chancery::refresher {

struct Purges::One {
  One(const config::Purge& config, const std::string& signer,
      const Parts& parts)
      : poster({.trust_file = config.trust_file()}),
        purger({.signer = parts.signer,
                .inventory = parts.inventory,
                .poster = poster,
                .clock = parts.clock,
                .random = base::SystemRandom(),
                .log = parts.log,
                .served = parts.served},
               ToEndpoint(config),
               {.signer = signer,
                .token_file = config.token_file(),
                .public_urls = {config.public_url().begin(),
                                config.public_url().end()}}),
        purged(parts.metrics.AddCounter("chancery_refresher_purged_total",
                                        "Tags or URLs that a CDN was told.",
                                        {{"endpoint", config.name()}})),
        failed(parts.metrics.AddCounter(
            "chancery_refresher_purge_failures_total",
            "Purges that an endpoint did not take; they are tried again.",
            {{"endpoint", config.name()}})),
        waiting(parts.metrics.AddGauge(
            "chancery_refresher_purge_waiting_seconds",
            "Since when the oldest change that a CDN was not told is in the "
            "ledger; 0 for none.",
            {{"endpoint", config.name()}})) {}

  CurlPoster poster;
  Purger purger;
  const rpc::Counter purged, failed;
  const rpc::Gauge waiting;
  uint64_t seen_purged = 0, seen_failed = 0;
};

Purges::Purges(const config::Refresher& config, const Parts& parts) {
  for (const config::Purge& purge : config.purge()) {
    purges_.push_back(
        std::make_unique<One>(purge, config.signer().expected_uri(), parts));
  }
}

Purges::~Purges() = default;

std::vector<Purger*> Purges::all() {
  std::vector<Purger*> out;
  for (const auto& one : purges_) out.push_back(&one->purger);
  return out;
}

void Purges::RefreshMetrics() {
  const auto advance = [](const rpc::Counter& counter, uint64_t now,
                          uint64_t& seen) {
    counter.Increment(static_cast<double>(now - seen));
    seen = now;
  };
  for (const auto& one : purges_) {
    advance(one->purged, one->purger.purged(), one->seen_purged);
    advance(one->failed, one->purger.failed(), one->seen_failed);
    one->waiting.Set(absl::ToDoubleSeconds(one->purger.Waiting()));
  }
}

}  // namespace chancery::refresher
