#include "tools/chancery/init/cluster_file.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "tools/chancery/json.h"

namespace chancery::cli {
namespace {

JsonObject Process(const ServiceAddresses& service, absl::string_view kind) {
  JsonObject json;
  json.SetText("name", service.name)
      .SetText("binary", absl::StrCat("chancery-", kind))
      .SetText("config", absl::StrCat("config/", service.name, ".textproto"))
      .SetText("ready_url", absl::StrCat("http://", service.admin, "/readyz"));
  return json;
}

}  // namespace

std::string FormatClusterFile(const std::string& cluster,
                              const Addresses& addresses) {
  std::vector<JsonObject> processes = {Process(addresses.signer, "signer")};
  std::vector<JsonObject> responders;
  for (const ServiceAddresses& responder : addresses.responders) {
    processes.push_back(Process(responder, "responder"));
    responders.push_back(
        JsonObject()
            .SetText("name", responder.name)
            .SetText("url", absl::StrCat("http://", responder.http)));
  }
  processes.push_back(Process(addresses.refresher, "refresher"));
  processes.push_back(Process(addresses.authority, "authority"));
  return JsonObject()
      .SetText("cluster", cluster)
      .SetObjects("processes", processes)
      .SetObjects("responders", responders)
      .Print();
}

}  // namespace chancery::cli
