#include "refresher/responder_metrics.h"

#include <set>

#include "absl/time/time.h"

namespace chancery::refresher {
namespace {

double Seconds(absl::Time time) {
  return time == absl::InfinitePast()
             ? 0
             : static_cast<double>(absl::ToUnixSeconds(time));
}

struct Shown {
  const char* name;  // After the prefix that all share.
  const char* help;
  double (*value)(const ResponderWorker& worker, const ResponderState& state);
};

using Worker = const ResponderWorker&;
using State = const ResponderState&;

constexpr Shown kShown[] = {
    {"reachable", "It answered when last called.",
     [](Worker, State state) -> double { return state.reachable; }},
    {"caught_up", "It has all that the inventory has.",
     [](Worker, State state) -> double { return state.caught_up; }},
    {"ready", "It calls itself ready.",
     [](Worker, State state) -> double { return state.head.ready; }},
    {"head_at_seconds",
     "The time of the newest head of which it has everything, seconds since "
     "1970; 0 for none.",
     [](Worker, State state) { return Seconds(state.head.met); }},
    {"blocks_behind", "Blocks that it lacks.",
     [](Worker, State state) { return double(state.blocks_behind); }},
    {"crls_behind", "CRLs that it lacks.",
     [](Worker, State state) { return double(state.crls_behind); }},
    {"caught_up_at_seconds",
     "When it was last seen with everything, seconds since 1970; 0 for never.",
     [](Worker, State state) { return Seconds(state.caught_up_at); }},
    {"updates_pushed", "Updates pushed since the start.",
     [](Worker worker, State) { return double(worker.pushed()); }},
    {"updates_failed", "Updates that were not pushed.",
     [](Worker worker, State) { return double(worker.failed_pushes()); }},
    {"updates_repaired", "Updates sent because it was found to lack them.",
     [](Worker, State state) { return double(state.repaired_updates); }},
    {"bytes_repaired", "Bytes of those.",
     [](Worker, State state) { return double(state.repaired_bytes); }},
    {"convergences", "Times it was compared.",
     [](Worker worker, State) { return double(worker.convergences()); }},
};

std::string NameOf(const Shown& shown) {
  return std::string("chancery_refresher_responder_") + shown.name;
}

}  // namespace

void ResponderMetrics::Refresh() {
  const auto workers = responders_.Get();
  std::set<std::string> present;
  for (const auto& worker : *workers) {
    const ResponderState state = worker->state();
    present.insert(state.name);
    auto at = gauges_.find(state.name);
    if (at == gauges_.end()) {
      at = gauges_.emplace(state.name, AddGauges(state.name)).first;
    }
    for (size_t i = 0; i < std::size(kShown); ++i) {
      at->second[i].Set(kShown[i].value(*worker, state));
    }
  }
  for (auto at = gauges_.begin(); at != gauges_.end();) {
    if (present.contains(at->first)) {
      ++at;
      continue;
    }
    for (size_t i = 0; i < std::size(kShown); ++i) {
      metrics_.RemoveGauge(NameOf(kShown[i]), at->second[i]);
    }
    at = gauges_.erase(at);
  }
}

std::vector<rpc::Gauge> ResponderMetrics::AddGauges(
    const std::string& responder) {
  std::vector<rpc::Gauge> gauges;
  for (const Shown& shown : kShown) {
    gauges.push_back(metrics_.AddGauge(NameOf(shown), shown.help,
                                       {{"responder", responder}}));
  }
  return gauges;
}

}  // namespace chancery::refresher
