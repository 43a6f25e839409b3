#include "refresher/refresher_metrics.h"

#include <cstdint>
#include <optional>
#include <utility>

namespace chancery::refresher {
namespace {

// It reads an index of all blocks.
constexpr absl::Duration kAskInterval = absl::Seconds(10);

}  // namespace

RefresherMetrics::OldestGauges RefresherMetrics::Add(rpc::Metrics& metrics,
                                                     const std::string& prefix,
                                                     const std::string& what) {
  const auto gauge = [&](const char* name, const std::string& help) {
    return metrics.AddGauge(prefix + name, help);
  };
  return {
      .this_update =
          gauge("this_update_seconds", "thisUpdate of the oldest " + what +
                                           ", seconds since 1970; 0 for none."),
      .next_update = gauge("next_update_seconds",
                           "nextUpdate of the " + what +
                               " that ends first, seconds since 1970; 0 for "
                               "none."),
      .refresh_at = gauge(
          "refresh_at_seconds",
          "When the next " + what + " is due, seconds since 1970; 0 for none."),
      .slack_used = gauge("slack_used",
                          "Of the time from when a " + what +
                              " is due to when the Baseline Requirements want "
                              "its successor: the part that has passed, of the "
                              "worst; 0 while none is due, 1 too late.")};
}

void RefresherMetrics::OldestGauges::Set(const Oldest& oldest) const {
  const auto seconds = [](absl::Time time) {
    return time == absl::InfiniteFuture()
               ? 0
               : static_cast<double>(absl::ToUnixSeconds(time));
  };
  this_update.Set(seconds(oldest.this_update));
  next_update.Set(seconds(oldest.next_update));
  refresh_at.Set(seconds(oldest.refresh_at));
  slack_used.Set(oldest.slack_used);
}

RefresherMetrics::RefresherMetrics(Sources sources, rpc::Metrics& metrics)
    : sources_(std::move(sources)),
      followed_(metrics.AddGauge("chancery_refresher_ledger_followed",
                                 "Ledger entries that the inventory has.")),
      ledger_(metrics.AddGauge("chancery_refresher_ledger_size",
                               "Ledger entries, as last seen.")),
      signed_blocks_(metrics.AddGauge("chancery_refresher_blocks_signed",
                                      "Blocks signed since the start.")),
      refused_blocks_(
          metrics.AddGauge("chancery_refresher_blocks_refused",
                           "Blocks that the signer refused to sign.")),
      by_former_key_(metrics.AddGauge(
          "chancery_refresher_blocks_by_former_key",
          "Blocks signed by another manifest key than signs now; -1: not known "
          "yet.")),
      signed_crls_(metrics.AddGauge("chancery_refresher_crls_signed",
                                    "CRLs signed since the start.")),
      head_at_(metrics.AddGauge(
          "chancery_refresher_head_at_seconds",
          "The time of the signer's newest head, seconds since 1970; 0: none "
          "since the start.")),
      oldest_block_(Add(metrics, "chancery_refresher_oldest_", "block")),
      oldest_crl_(Add(metrics, "chancery_refresher_oldest_crl_", "CRL")),
      responders_(sources_.responders, metrics) {}

void RefresherMetrics::Refresh() {
  followed_.Set(static_cast<double>(sources_.follower.followed()));
  ledger_.Set(static_cast<double>(sources_.follower.ledger_size()));
  signed_blocks_.Set(static_cast<double>(sources_.blocks.signed_blocks()));
  refused_blocks_.Set(static_cast<double>(sources_.blocks.refused_blocks()));
  const std::optional<uint64_t> by_former_key = sources_.blocks.by_former_key();
  by_former_key_.Set(
      by_former_key.has_value() ? static_cast<double>(*by_former_key) : -1);
  const absl::Time head = sources_.heads.newest();
  head_at_.Set(head == absl::InfinitePast()
                   ? 0
                   : static_cast<double>(absl::ToUnixSeconds(head)));
  signed_crls_.Set(static_cast<double>(sources_.crls.signed_crls()));
  responders_.Refresh();
  const absl::Time now = sources_.clock.Now();
  if (now < ask_at_) return;
  ask_at_ = now + kAskInterval;
  if (const auto oldest = OldestResponses(sources_.inventory, now);
      oldest.ok()) {
    oldest_block_.Set(*oldest);
  }
  if (const auto crls = sources_.inventory.ListCrls(); crls.ok()) {
    oldest_crl_.Set(OldestCrls(*crls, now));
  }
}

}  // namespace chancery::refresher
