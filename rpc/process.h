// All that the main function of a service needs.
//
//   int main(int argc, char** argv) {
//     return chancery::rpc::Main<chancery::config::Signer>(
//         argc, argv,
//         {.name = "chancery-signer",
//          .purpose = "Signs certificates, OCSP responses and CRLs.",
//          .needs = "identity, listen, grant, ledger_dir",
//          .check = chancery::signer::Check,
//          .run = chancery::signer::Run});
//   }
//
// Flags: --config FILE, --check-config (load, check, say OK, exit), --version,
// --help, and the service's own switches. Exit codes: 0 a clean end, 1 it
// failed, 2 bad flags or configuration, or files that it names.
#ifndef CHANCERY_RPC_PROCESS_H_
#define CHANCERY_RPC_PROCESS_H_

#include <functional>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "rpc/command_line.h"
#include "rpc/log.h"
#include "rpc/metrics.h"

namespace google::protobuf {
class Message;
}
namespace chancery::config {
class Logging;
}

namespace chancery::rpc {

// What a running service is given. Thread-safe. Tests make their own.
class Process {
 public:
  Process(const base::Clock& clock, const Log& log,
          std::set<std::string> switches = {})
      : clock_(clock), log_(log), switches_(std::move(switches)) {}

  const base::Clock& clock() const { return clock_; }
  const Log& log() const { return log_; }
  Metrics& metrics() { return metrics_; }

  // Whether the command line had `name`, one of the service's switches.
  bool HasSwitch(const std::string& name) const {
    return switches_.count(name) > 0;
  }

  // Stops at SIGTERM or SIGINT.
  std::stop_token stop() const { return stop_.get_token(); }
  void RequestStop() { stop_.request_stop(); }
  void WaitForStop() const;
  // False as soon as the process is to stop.
  bool SleepFor(absl::Duration duration) const;

 private:
  const base::Clock& clock_;
  const Log& log_;
  const std::set<std::string> switches_;
  Metrics metrics_;
  std::stop_source stop_;
};

template <typename Config>
struct Service {
  std::string name;
  std::string purpose;
  std::string needs;  // What the configuration must hold, for --help.
  // Checks a configuration by itself: for --check-config, and before `run`.
  absl::Status (*check)(const Config&) = nullptr;
  // Reads and checks the files that it names, after `check`; null: there are
  // none. Leaves sockets, databases, tokens and networks alone.
  absl::Status (*check_files)(const Config&) = nullptr;
  // Returns when the process was stopped, or with the error that ends it.
  absl::Status (*run)(const Config&, Process&) = nullptr;
  std::vector<Switch> switches = {};
};

// As Main, without the configuration's type.
struct AnyService {
  std::string name;
  std::string purpose;
  std::string needs;
  std::vector<Switch> switches;
  google::protobuf::Message& config;
  std::function<const config::Logging&()> logging;
  std::function<absl::Status()> check;
  std::function<absl::Status(Process&)> run;
};
int RunMain(int argc, char** argv, const AnyService& service);

// Blocks SIGTERM and SIGINT in all threads (a second one kills), ignores
// SIGPIPE, lets nobody but the owner read new files (umask 077) and memory (no
// core dumps, no debugger): keys are in it.
template <typename Config>
int Main(int argc, char** argv, const Service<Config>& service) {
  Config config;
  return RunMain(
      argc, argv,
      {.name = service.name,
       .purpose = service.purpose,
       .needs = service.needs,
       .switches = service.switches,
       .config = config,
       .logging = [&]() -> const config::Logging& { return config.logging(); },
       .check = [&]() -> absl::Status {
         absl::Status checked = service.check(config);
         if (checked.ok() && service.check_files != nullptr) {
           checked = service.check_files(config);
         }
         return checked;
       },
       .run = [&](Process& process) { return service.run(config, process); }});
}

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_PROCESS_H_
