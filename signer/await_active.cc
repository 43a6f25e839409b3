#include "signer/await_active.h"

#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "grpcpp/generic/async_generic_service.h"
#include "rpc/admin_http.h"
#include "rpc/dispatcher.h"
#include "rpc/refuse_all.h"
#include "rpc/server.h"
#include "rpc/worker_pool.h"
#include "signer/catch_up_service.h"

namespace chancery::signer {
namespace {

constexpr size_t kWorkers = 4;
constexpr absl::Duration kLookInterval = absl::Milliseconds(200);

}  // namespace

absl::StatusOr<bool> AwaitActive(const Waiting& waiting) {
  const rpc::Log& log = waiting.process.log();
  ASSIGN_OR_RETURN(StandingReport report, waiting.standing.Look());
  if (report.active()) return true;

  // As it is when somebody asks, not at the last look.
  const auto why = [&waiting] {
    const auto now = waiting.standing.Look();
    if (!now.ok()) return std::string(now.status().message());
    return now->active() ? "it is about to begin"
                         : std::string(now->why.message());
  };
  rpc::WorkerPool pool(kWorkers);
  const rpc::Dispatcher dispatcher(pool, waiting.roles, log, waiting.memory,
                                   waiting.process.clock());
  CatchUpService service(waiting.standing, dispatcher);
  const auto refuse_all = rpc::MakeRefuseAll([&why] {
    return absl::UnavailableError(absl::StrCat("signer: ", why()));
  });
  rpc::ServerOptions options;
  const auto& addresses = waiting.config.listen().address();
  options.addresses = {addresses.begin(), addresses.end()};
  options.services = {&service};
  options.otherwise = refuse_all.get();
  ASSIGN_OR_RETURN(const auto server,
                   rpc::Server::Start(options, waiting.credentials,
                                      waiting.process.metrics(), log));
  std::unique_ptr<rpc::AdminHttp> admin;
  if (!waiting.config.admin().address().empty()) {
    ASSIGN_OR_RETURN(
        admin, rpc::AdminHttp::Start(
                   waiting.config.admin().address(), waiting.process.metrics(),
                   [&why] { return absl::UnavailableError(why()); }));
  }
  server->SetServing("chancery.signer.v1.CatchUpService", true);
  std::optional<StandingState> logged;
  absl::StatusOr<bool> active = true;
  do {
    auto looked = waiting.standing.Look();
    if (!looked.ok()) {
      active = looked.status();
      break;
    }
    report = *std::move(looked);
    if (report.active()) break;
    if (logged != report.state) {
      logged = report.state;
      log.Error("may_not_sign", {{"why", report.why},
                                 {"entries", report.ledger_size},
                                 {"wanted", report.wanted_size},
                                 {"epoch", report.epoch}});
    }
    if (!waiting.process.SleepFor(kLookInterval)) active = false;
  } while (active.value_or(false));
  server->Stop(absl::Seconds(1));
  pool.Stop();
  if (active.value_or(false)) {
    log.Info("may_sign",
             {{"entries", report.ledger_size}, {"epoch", report.epoch}});
  }
  return active;
}

}  // namespace chancery::signer
