#include "tools/chancery/cluster_command.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/status_macros.h"
#include "chancery/refresher/v1/publish.grpc.pb.h"
#include "grpcpp/grpcpp.h"
#include "refresher/freshness_cell.h"
#include "tools/chancery/connections.h"
#include "tools/chancery/heat_strip.h"
#include "tools/chancery/json.h"
#include "tools/chancery/text.h"

namespace chancery::cli {
namespace {

namespace v1 = refresher::v1;

bool Current(const v1::ResponderState& responder) {
  return responder.reachable() && responder.blocks_behind() == 0;
}

std::string Staleness(int64_t seconds) {
  return seconds < 0 ? "never current" : absl::StrCat(seconds, " s");
}

std::string TimeOrNone(int64_t unix_seconds) {
  return unix_seconds == 0 ? "none"
                           : TimeText(absl::FromUnixSeconds(unix_seconds));
}

// A line for each responder; empty without any cells.
std::string FormatFreshness(const v1::GetClusterResponse& cluster,
                            bool colour) {
  size_t width = 0;
  bool any = false;
  for (const v1::ResponderState& r : cluster.responders()) {
    width = std::max(width, Printable(r.name()).size());
    any = any || !r.freshness().empty();
  }
  if (!any) return "";
  std::string out = "\n";
  for (const v1::ResponderState& r : cluster.responders()) {
    std::string name = Printable(r.name());
    name.resize(width, ' ');
    absl::StrAppend(&out, name, "  ", HeatStrip(r.freshness(), colour), "\n");
  }
  return absl::StrCat(out, HeatLegend(colour));
}

JsonObject FreshnessJson(const std::string& cells) {
  static constexpr const char* kStates[] = {"fresh", "due", "overdue", "behind",
                                            "missing"};
  std::vector<std::string> states;
  std::vector<int64_t> percent;
  for (const char byte : cells) {
    const auto cell =
        refresher::FreshnessCell::Decode(static_cast<uint8_t>(byte));
    states.push_back(kStates[cell.kind]);
    percent.push_back(cell.percent);
  }
  return JsonObject()
      .SetTexts("states", states)
      .SetNumbers("percent_of_validity", percent);
}

std::string FormatText(const v1::GetClusterResponse& cluster, bool colour) {
  std::vector<std::vector<std::string>> rows;
  for (const v1::ResponderState& r : cluster.responders()) {
    rows.push_back({r.name(), r.reachable() ? "yes" : "no",
                    r.ready() ? "yes" : "no", absl::StrCat(r.blocks()),
                    absl::StrCat(r.blocks_behind()), absl::StrCat(r.crls()),
                    Staleness(r.staleness_seconds()), r.version(),
                    r.http_address(), r.detail()});
  }
  return absl::StrCat(
      FormatTable({"RESPONDER", "REACHABLE", "READY", "BLOCKS", "BEHIND",
                   "CRLS", "STALENESS", "VERSION", "HTTP", "DETAIL"},
                  rows),
      FormatFreshness(cluster, colour), "\n",
      FormatFacts(
          {{"Blocks", absl::StrCat(cluster.blocks())},
           {"Next refresh due",
            TimeOrNone(cluster.oldest_refresh_at_seconds())},
           {"By a former manifest key",
            cluster.has_blocks_by_former_key()
                ? absl::StrCat(cluster.blocks_by_former_key(), " blocks")
                : "not known yet"},
           {"Ledger followed to",
            absl::StrCat(cluster.ledger_size_followed(), " entries")}}));
}

std::string FormatJson(const v1::GetClusterResponse& cluster) {
  std::vector<JsonObject> responders;
  for (const v1::ResponderState& r : cluster.responders()) {
    JsonObject json;
    json.SetText("name", r.name())
        .SetText("address", r.address())
        .SetText("http_address", r.http_address())
        .SetText("version", r.version())
        .SetBool("reachable", r.reachable())
        .SetBool("ready", r.ready())
        .SetNumber("blocks", r.blocks())
        .SetNumber("blocks_behind", r.blocks_behind())
        .SetNumber("newest_version", r.newest_version())
        .SetNumber("crls", r.crls());
    if (r.staleness_seconds() < 0) {
      json.SetNull("staleness_seconds");
    } else {
      json.SetNumber("staleness_seconds", r.staleness_seconds());
    }
    json.SetObject("freshness", FreshnessJson(r.freshness()));
    responders.push_back(json.SetText("detail", r.detail()));
  }
  JsonObject json;
  json.SetObjects("responders", responders)
      .SetNumber("blocks", cluster.blocks())
      .SetText("next_refresh", TimeOrNone(cluster.oldest_refresh_at_seconds()))
      .SetNumber("ledger_size_followed", cluster.ledger_size_followed());
  if (cluster.has_blocks_by_former_key()) {
    json.SetNumber("blocks_by_former_key", cluster.blocks_by_former_key());
  } else {
    json.SetNull("blocks_by_former_key");
  }
  return json.Print();
}

}  // namespace

void ClusterCommand::Declare(OptionSet& options) {
  options.AddFlag({.name = "--json", .help = "Print JSON"}, json_);
}

absl::StatusOr<bool> ClusterCommand::Run(const Environment& environment) {
  ASSIGN_OR_RETURN(const Connections connections,
                   Connections::Open(environment.globals));
  ASSIGN_OR_RETURN(auto channel, connections.Refresher());
  grpc::ClientContext context;
  SetCallTimeout(context);
  v1::GetClusterResponse cluster;
  RETURN_IF_ERROR(CallStatus("refresher",
                             v1::PublishService::NewStub(channel)->GetCluster(
                                 &context, v1::GetClusterRequest(), &cluster)));
  environment.out << (json_ ? FormatJson(cluster)
                            : FormatText(cluster, environment.colour));
  return cluster.responders_size() > 0 &&
         std::all_of(cluster.responders().begin(), cluster.responders().end(),
                     Current);
}

}  // namespace chancery::cli
