#include "refresher/refresher_metrics.h"

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
                                    "CRLs signed since the start.")),
      responders_(sources_.responders, metrics) {}

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
  responders_.Refresh();
}

}  // namespace chancery::refresher
