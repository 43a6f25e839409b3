#include "rpc/process.h"

#include <google/protobuf/message.h>
#include <grpc/support/log.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/mutex.h"
#include "base/status_macros.h"
#include "chancery/config/common.pb.h"
#include "rpc/command_line.h"
#include "rpc/config.h"
#include "rpc/version.h"

namespace chancery::rpc {
namespace {

constexpr int kClean = 0;
constexpr int kFailed = 1;
constexpr int kBadConfig = 2;

sigset_t StopSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

// Asks `process` to stop at the first signal, ends the program at the second.
class SignalWatcher {
 public:
  explicit SignalWatcher(Process& process)
      : process_(process), thread_([this] { Watch(); }) {}
  ~SignalWatcher() {
    done_ = true;
    pthread_kill(thread_.native_handle(), SIGTERM);
    thread_.join();
  }
  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;

 private:
  void Watch() {
    const sigset_t signals = StopSignals();
    bool asked = false;
    while (true) {
      int signal = 0;
      sigwait(&signals, &signal);
      if (done_) return;
      if (asked) std::_Exit(kFailed);
      asked = true;
      process_.log().Info("stopping", {{"signal", signal}});
      process_.RequestStop();
    }
  }

  Process& process_;
  std::atomic<bool> done_ = false;
  std::thread thread_;  // Last: it uses the others.
};

// Before any other thread starts, since they inherit the signal mask, and
// before any key is read.
void Harden() {
  const sigset_t signals = StopSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  // A file that may not grow is an error of the write, as a full disk is.
  signal(SIGXFSZ, SIG_IGN);
  umask(077);
  const rlimit none = {};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0);
}

LogOptions LogOptionsOf(const config::Logging& logging) {
  LogOptions options;
  options.json = logging.format() == config::Logging::JSON;
  switch (logging.level()) {
    case config::Logging::DEBUG:
      options.level = LogLevel::kDebug;
      break;
    case config::Logging::WARNING:
      options.level = LogLevel::kWarning;
      break;
    case config::Logging::ERROR:
      options.level = LogLevel::kError;
      break;
    default:
      options.level = LogLevel::kInfo;
  }
  return options;
}

// What gRPC itself reports, in our form. Its hook takes a plain function, so
// each form has its own immutable Log.
template <bool kJson>
void LogOfGrpc(gpr_log_func_args* args) {
  static const Log& log =
      *new Log(LogOptions{.json = kJson}, base::SystemClock());
  // A server's certificate names it by URI; gRPC asks for it by address.
  if (absl::StartsWith(args->message, "No match found for server name")) return;
  log.Warning("grpc", {{"message", args->message},
                       {"at", absl::StrCat(args->file, ":", args->line)}});
}

std::string Help(const AnyService& service) {
  std::string help = absl::StrCat(service.purpose, "\n\nUsage: ", service.name,
                                  " --config FILE\n\n");
  const auto add = [&help](absl::string_view flag, absl::string_view text) {
    absl::StrAppendFormat(&help, "  %-18s %s\n", flag, text);
  };
  add("--config FILE",
      absl::StrCat("A textproto of ", service.config.GetTypeName(), "."));
  add("--check-config", "Check it, say what is wrong, do nothing else.");
  for (const Switch& extra : service.switches) {
    add(absl::StrCat("--", extra.name), extra.help);
  }
  add("--version", "Print the version.");
  add("--help", "Print this.");
  absl::StrAppend(&help, "\nThe configuration must hold: ", service.needs,
                  ".\n\nExit codes: 0 it was stopped, 1 it failed, 2 bad flags "
                  "or configuration.\n");
  return help;
}

absl::Status LoadConfig(const AnyService& service, const std::string& path) {
  RETURN_IF_ERROR(LoadTextproto(path, service.config));
  const absl::Status checked = service.check();
  if (checked.ok()) return checked;
  return {checked.code(), absl::StrCat(path, ": ", checked.message())};
}

int Complain(const AnyService& service, const absl::Status& status) {
  std::fprintf(stderr, "%s: %s\n", service.name.c_str(),
               std::string(status.message()).c_str());
  return kBadConfig;
}

int RunService(const AnyService& service, std::set<std::string> switches) {
  const LogOptions options = LogOptionsOf(service.logging());
  gpr_set_log_function(options.json ? LogOfGrpc<true> : LogOfGrpc<false>);
  // Debian's Abseil is a debug build: it would keep a graph of all locks that
  // gRPC takes, which costs a twentieth of a call, and abort at a cycle in it.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  const Log log(options, base::SystemClock());
  Process process(base::SystemClock(), log, std::move(switches));
  const SignalWatcher watcher(process);
  log.Info("starting", {{"service", service.name}, {"version", kVersion}});
  const absl::Status status = service.run(process);
  if (!status.ok()) {
    log.Error("failed", {{"error", status}});
    return kFailed;
  }
  log.Info("stopped");
  return kClean;
}

}  // namespace

void Process::WaitForStop() const {
  while (SleepFor(absl::Hours(1))) {
  }
}

bool Process::SleepFor(absl::Duration duration) const {
  std::mutex mu;
  std::condition_variable_any never;
  std::unique_lock<std::mutex> lock(mu);
  // An hour at a time: the longest that every clock can add to its now.
  const absl::Duration longest = absl::Hours(1);
  while (duration > absl::ZeroDuration() && !stop_.stop_requested()) {
    never.wait_for(lock, stop_.get_token(),
                   absl::ToChronoNanoseconds(std::min(duration, longest)),
                   [] { return false; });
    duration -= longest;
  }
  return !stop_.stop_requested();
}

int RunMain(int argc, char** argv, const AnyService& service) {
  const auto line = ParseCommandLine(argc, argv, service.switches);
  if (!line.ok()) {
    Complain(service, line.status());
    std::fprintf(stderr, "Try `%s --help`.\n", service.name.c_str());
    return kBadConfig;
  }
  if (line->help) {
    std::fputs(Help(service).c_str(), stdout);
    return kClean;
  }
  if (line->version) {
    std::printf("%s %s\n", service.name.c_str(), kVersion);
    return kClean;
  }
  Harden();
  const absl::Status loaded = LoadConfig(service, line->config);
  if (!loaded.ok()) return Complain(service, loaded);
  if (line->check_config) {
    std::printf("%s: OK\n", line->config.c_str());
    return kClean;
  }
  return RunService(service, line->switches);
}

}  // namespace chancery::rpc
