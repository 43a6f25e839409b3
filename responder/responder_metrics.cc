#include "responder/responder_metrics.h"

#include "absl/time/time.h"

namespace chancery::responder {
namespace {

template <typename Name>
struct Named {
  Name name;
  const char* text;
};

constexpr Named<OcspCount> kAnswers[] = {
    {OcspCount::kAnswered, "answered"},
    {OcspCount::kUnknown, "unknown"},
    {OcspCount::kSeveral, "several"},
    {OcspCount::kUnavailable, "unavailable"},
    {OcspCount::kNotCurrent, "not_current"},
    {OcspCount::kMalformed, "malformed"},
    {OcspCount::kCrl, "crl"},
    {OcspCount::kCrlExpired, "crl_expired"},
    {OcspCount::kCrlUnavailable, "crl_unavailable"},
};

constexpr Named<HttpCount> kHttp[] = {
    {HttpCount::kConnections, "connections"},
    {HttpCount::kConnectionsRefused, "connections_refused"},
    {HttpCount::kConnectionsShed, "connections_shed"},
    {HttpCount::kConnectionsClosed, "connections_closed"},
    {HttpCount::kTimeouts, "timeouts"},
    {HttpCount::kBytesReceived, "bytes_received"},
    {HttpCount::kBytesSent, "bytes_sent"},
    {HttpCount::kGet, "get"},
    {HttpCount::kHead, "head"},
    {HttpCount::kPost, "post"},
    {HttpCount::kOtherMethod, "other_method"},
    {HttpCount::kStatus2xx, "status_2xx"},
    {HttpCount::kStatus304, "status_304"},
    {HttpCount::kStatus4xx, "status_4xx"},
    {HttpCount::kStatus5xx, "status_5xx"},
};

constexpr Named<BlockCache::Outcome> kOutcomes[] = {
    {BlockCache::Outcome::kBlock, "block"},
    {BlockCache::Outcome::kDelta, "delta"},
    {BlockCache::Outcome::kHeldAlready, "held_already"},
    {BlockCache::Outcome::kRefused, "refused"},
    {BlockCache::Outcome::kNotKept, "not_kept"},
};

}  // namespace

ResponderMetrics::ResponderMetrics(const Sources& sources,
                                   rpc::Metrics& metrics)
    : sources_(sources),
      blocks_(metrics.AddGauge("chancery_responder_blocks",
                               "Blocks that have records.")),
      certificates_(metrics.AddGauge("chancery_responder_certificates",
                                     "Certificates with a response.")),
      crls_(metrics.AddGauge("chancery_responder_crls", "CRLs held.")),
      ready_(metrics.AddGauge("chancery_responder_ready",
                              "1 while everything that a young head names is "
                              "here.")),
      head_at_(metrics.AddGauge(
          "chancery_responder_head_at_seconds",
          "The time of the newest head of which everything is here, seconds "
          "since 1970; 0: none since the start.")),
      blocks_behind_(metrics.AddGauge(
          "chancery_responder_blocks_behind",
          "Blocks that the newest head names and that are not here yet.")),
      store_fails_(metrics.AddGauge(
          "chancery_responder_cache_failing",
          "1 while what arrives is held in memory but not on disk.")),
      next_update_(metrics.AddGauge(
          "chancery_responder_oldest_next_update_seconds",
          "Seconds until the first block expires; negative afterwards.")),
      this_update_(metrics.AddGauge(
          "chancery_responder_oldest_this_update_age_seconds",
          "Seconds since thisUpdate of the oldest block; 0 without any.")),
      crl_number_(
          metrics.AddGauge("chancery_responder_lowest_crl_number",
                           "The lowest number of a CRL; 0 without any.")),
      crl_this_update_(metrics.AddGauge(
          "chancery_responder_oldest_crl_this_update_age_seconds",
          "Seconds since thisUpdate of the oldest CRL; 0 without any.")),
      crl_next_update_(metrics.AddGauge(
          "chancery_responder_oldest_crl_next_update_seconds",
          "Seconds until the first CRL expires; negative afterwards.")) {
  for (const auto& [name, text] : kAnswers) {
    mirrors_.push_back(
        {.counter = metrics.AddCounter("chancery_responder_answers_total",
                                       "Requests by how they were answered.",
                                       {{"kind", text}}),
         .read = [this, name = name] { return sources_.answers.Sum(name); }});
  }
  mirrors_.push_back(
      {.counter = metrics.AddCounter(
           "chancery_responder_recent_answers_total",
           "OCSP answers that were kept of earlier requests; all others were "
           "looked up."),
       .read = [this] { return sources_.answers.Sum(OcspCount::kRecent); }});
  for (const auto& [name, text] : kHttp) {
    mirrors_.push_back(
        {.counter = metrics.AddCounter("chancery_responder_http_total",
                                       "What the HTTP server counts.",
                                       {{"what", text}}),
         .read = [this, name = name] { return sources_.http.Count(name); }});
  }
  for (const auto& [name, text] : kOutcomes) {
    mirrors_.push_back(
        {.counter = metrics.AddCounter("chancery_responder_updates_total",
                                       "Blocks and deltas by what became of "
                                       "them.",
                                       {{"outcome", text}}),
         .read = [this, name = name] { return sources_.blocks.Count(name); }});
  }
}

void ResponderMetrics::Refresh() {
  for (Mirror& mirror : mirrors_) {
    const uint64_t now = mirror.read();
    mirror.counter.Increment(static_cast<double>(now - mirror.seen));
    mirror.seen = now;
  }
  const BlockCache::Totals totals = sources_.blocks.Count();
  blocks_.Set(static_cast<double>(totals.blocks));
  certificates_.Set(static_cast<double>(totals.certificates));
  crls_.Set(static_cast<double>(sources_.replica.Crls().size()));
  store_fails_.Set(sources_.blocks.StoreFails() ? 1 : 0);
  const HeadStatus head = sources_.replica.Status().head;
  ready_.Set(head.ready ? 1 : 0);
  head_at_.Set(head.met == absl::InfinitePast()
                   ? 0
                   : static_cast<double>(absl::ToUnixSeconds(head.met)));
  blocks_behind_.Set(static_cast<double>(head.blocks_behind));
  const absl::Time now = sources_.clock.Now();
  if (totals.blocks > 0) {
    next_update_.Set(absl::ToDoubleSeconds(totals.oldest_next_update - now));
    this_update_.Set(absl::ToDoubleSeconds(now - totals.oldest_this_update));
  }
  const CrlCache::Oldest crl = sources_.crls.FindOldest();
  if (crl.this_update != absl::InfiniteFuture()) {
    crl_number_.Set(static_cast<double>(crl.number));
    crl_this_update_.Set(absl::ToDoubleSeconds(now - crl.this_update));
    crl_next_update_.Set(absl::ToDoubleSeconds(crl.next_update - now));
  }
}

}  // namespace chancery::responder
