// A service that does nothing, for process_test.
#include "chancery/config/responder.pb.h"
#include "rpc/config.h"
#include "rpc/process.h"

namespace {

absl::Status Check(const chancery::config::Responder& config) {
  return chancery::rpc::RequireSet("cache_dir", config.cache_dir());
}

absl::Status CheckFiles(const chancery::config::Responder& config) {
  if (config.cache_dir() != "missing") return absl::OkStatus();
  return chancery::rpc::ConfigError("cache_dir", "missing", "is not there");
}

absl::Status Run(const chancery::config::Responder& config,
                 chancery::rpc::Process& process) {
  if (config.cache_dir() == "broken") return absl::DataLossError("it broke");
  process.log().Info("idle", {{"forced", process.HasSwitch("force")}});
  process.WaitForStop();
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  return chancery::rpc::Main<chancery::config::Responder>(
      argc, argv,
      {.name = "idle",
       .purpose = "Does nothing, well.",
       .needs = "cache_dir",
       .check = Check,
       .check_files = CheckFiles,
       .run = Run,
       .switches = {{"force", "Does it with force."}}});
}
