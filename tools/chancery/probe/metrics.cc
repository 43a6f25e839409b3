#include "tools/chancery/probe/metrics.h"

#include <algorithm>
#include <map>

#include "absl/strings/match.h"

namespace chancery::cli {
namespace {

// The targets are those that the operator named: few, and no secret.
struct Target {
  bool up = true;
  absl::Duration age = absl::ZeroDuration();  // Of the oldest answer.
  absl::Duration left = absl::InfiniteDuration();
};

}  // namespace

void ProbeMetrics::Take(const std::vector<ProbeResult>& results,
                        absl::Time now) {
  std::map<std::string, Target> targets;
  for (const ProbeResult& result : results) {
    Target& target = targets[result.target];
    const bool ok = result.verdict == Verdict::kOk;
    target.up &= ok;
    if (result.this_update.has_value()) {
      target.age = std::max(target.age, now - *result.this_update);
    }
    if (result.next_update.has_value()) {
      target.left = std::min(target.left, *result.next_update - now);
    }
    const std::string kind = absl::StartsWith(result.question, "CRL") ? "crl"
                             : absl::StartsWith(result.question, "POST")
                                 ? "post"
                                 : "get";
    metrics_
        .AddHistogram("chancery_probe_seconds", "From question to answer.",
                      rpc::LatencyBuckets(),
                      {{"target", result.target}, {"kind", kind}})
        .Observe(absl::ToDoubleSeconds(result.latency));
    if (!ok) {
      metrics_
          .AddCounter(
              "chancery_probe_mismatches_total",
              "Answers that a client could not build on.",
              {{"target", result.target}, {"verdict", Name(result.verdict)}})
          .Increment();
    }
  }
  for (const auto& [name, target] : targets) {
    metrics_
        .AddGauge("chancery_probe_up",
                  "1 when every answer of the last round was right.",
                  {{"target", name}})
        .Set(target.up ? 1 : 0);
    if (target.left == absl::InfiniteDuration()) continue;
    metrics_
        .AddGauge("chancery_probe_oldest_answer_seconds",
                  "Since the oldest thisUpdate of the last round.",
                  {{"target", name}})
        .Set(absl::ToDoubleSeconds(target.age));
    metrics_
        .AddGauge("chancery_probe_next_update_seconds",
                  "Until the nearest nextUpdate of the last round.",
                  {{"target", name}})
        .Set(absl::ToDoubleSeconds(target.left));
  }
  metrics_.AddCounter("chancery_probe_rounds_total", "Rounds of questions.")
      .Increment();
  metrics_
      .AddGauge("chancery_probe_last_round_timestamp_seconds",
                "When the last round ended.")
      .Set(absl::ToDoubleSeconds(now - absl::UnixEpoch()));
}

}  // namespace chancery::cli
