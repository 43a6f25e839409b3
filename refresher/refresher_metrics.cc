#include "refresher/refresher_metrics.h"

#include <string>
#include <utility>

namespace chancery::refresher {

RefresherMetrics::RefresherMetrics(Sources sources, rpc::Metrics& metrics)
    : sources_(std::move(sources)),
      followed_(metrics.AddGauge("chancery_refresher_ledger_followed",
                                 "Ledger entries that the inventory has.")),
      ledger_(metrics.AddGauge("chancery_refresher_ledger_size",
                               "Ledger entries, as last seen.")),
      oldest_refresh_(metrics.AddGauge(
          "chancery_refresher_oldest_refresh_at_seconds",
          "When the next block is due, seconds since 1970; 0 for none.")),
      signed_blocks_(metrics.AddGauge("chancery_refresher_blocks_signed",
                                      "Blocks signed since the start.")),
      refused_blocks_(
          metrics.AddGauge("chancery_refresher_blocks_refused",
                           "Blocks that the signer refused to sign.")),
      signed_crls_(metrics.AddGauge("chancery_refresher_crls_signed",
                                    "CRLs signed since the start.")) {
  for (const ResponderWorker* worker : sources_.responders) {
    const rpc::Metrics::Labels labels = {{"responder", worker->state().name}};
    const auto gauge = [&](const std::string& name, const std::string& help) {
      return metrics.AddGauge("chancery_refresher_responder_" + name, help,
                              labels);
    };
    responders_.push_back(
        {.worker = worker,
         .reachable = gauge("reachable", "It answered when last called."),
         .caught_up = gauge("caught_up", "It has all that the inventory has."),
         .ready = gauge("ready", "It calls itself ready."),
         .blocks_behind = gauge("blocks_behind", "Blocks that it lacks."),
         .crls_behind = gauge("crls_behind", "CRLs that it lacks."),
         .caught_up_at = gauge("caught_up_at_seconds",
                               "When it was last seen with everything, "
                               "seconds since 1970; 0 for never."),
         .pushed = gauge("updates_pushed", "Updates pushed since the start."),
         .failed = gauge("updates_failed", "Updates that were not pushed."),
         .convergences = gauge("convergences", "Times it was compared.")});
  }
}

void RefresherMetrics::Refresh() {
  followed_.Set(static_cast<double>(sources_.follower.followed()));
  ledger_.Set(static_cast<double>(sources_.follower.ledger_size()));
  signed_blocks_.Set(static_cast<double>(sources_.blocks.signed_blocks()));
  refused_blocks_.Set(static_cast<double>(sources_.blocks.refused_blocks()));
  signed_crls_.Set(static_cast<double>(sources_.crls.signed_crls()));
  if (const auto oldest = sources_.store.EarliestRefresh(); oldest.ok()) {
    oldest_refresh_.Set(
        *oldest == absl::InfiniteFuture()
            ? 0
            : static_cast<double>(absl::ToUnixSeconds(*oldest)));
  }
  for (const Responder& responder : responders_) {
    const ResponderState state = responder.worker->state();
    responder.reachable.Set(state.reachable);
    responder.caught_up.Set(state.caught_up);
    responder.ready.Set(state.ready);
    responder.blocks_behind.Set(static_cast<double>(state.blocks_behind));
    responder.crls_behind.Set(static_cast<double>(state.crls_behind));
    responder.caught_up_at.Set(
        state.caught_up_at == absl::InfinitePast()
            ? 0
            : static_cast<double>(absl::ToUnixSeconds(state.caught_up_at)));
    responder.pushed.Set(static_cast<double>(responder.worker->pushed()));
    responder.failed.Set(
        static_cast<double>(responder.worker->failed_pushes()));
    responder.convergences.Set(
        static_cast<double>(responder.worker->convergences()));
  }
}

}  // namespace chancery::refresher
