#include "refresher/run.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "chancery/config/refresher.pb.h"
#include "refresher/block_keeper.h"
#include "refresher/block_refresher.h"
#include "refresher/config.h"
#include "refresher/crl_refresher.h"
#include "refresher/fanout.h"
#include "refresher/grpc_responder_client.h"
#include "refresher/grpc_signer_client.h"
#include "refresher/ledger_follower.h"
#include "refresher/loop.h"
#include "refresher/once.h"
#include "refresher/progress.h"
#include "refresher/publish_service.h"
#include "refresher/publisher.h"
#include "refresher/refresher_metrics.h"
#include "refresher/replicator.h"
#include "refresher/responder_worker.h"
#include "rpc/admin_http.h"
#include "rpc/client.h"
#include "rpc/config.h"
#include "rpc/credentials.h"
#include "rpc/dispatcher.h"
#include "rpc/insist.h"
#include "rpc/roles.h"
#include "rpc/server.h"
#include "rpc/worker_pool.h"
#include "storage/open_configured.h"

namespace chancery::refresher {
namespace {

constexpr size_t kWorkers = 64;
// Larger than any block; a page of the ledger is smaller.
constexpr size_t kMaxMessageBytes = 64 << 20;
constexpr absl::Duration kSignerDeadline = absl::Seconds(30);
constexpr absl::Duration kResponderDeadline = absl::Seconds(10);
constexpr absl::Duration kReconcileInterval = absl::Minutes(10);
constexpr absl::Duration kMaxConfirmation = absl::Minutes(10);

// What a daemon and --once have in common.
struct Parts {
  std::unique_ptr<storage::Inventory> inventory;
  std::unique_ptr<SignerClient> signer;
  std::vector<std::unique_ptr<ResponderClient>> clients;
  std::vector<std::unique_ptr<Replicator>> replicators;
  std::unique_ptr<BlockKeeper> keeper;
};

absl::StatusOr<Parts> Assemble(const config::Refresher& config,
                               const Settings& settings,
                               const rpc::Credentials& credentials,
                               rpc::Process& process) {
  Parts parts;
  RETURN_IF_ERROR(
      rpc::Insist(process, "inventory_not_open", [&]() -> absl::Status {
        ASSIGN_OR_RETURN(parts.inventory,
                         storage::OpenConfigured(config.inventory()));
        return absl::OkStatus();
      }));
  ASSIGN_OR_RETURN(auto channel,
                   rpc::MakeChannel("signer", config.signer(), credentials,
                                    {.max_message_bytes = kMaxMessageBytes}));
  parts.signer = MakeGrpcSignerClient(std::move(channel), kSignerDeadline);
  parts.keeper = std::make_unique<BlockKeeper>(*parts.inventory, *parts.signer);
  for (const config::ResponderTarget& responder : config.responder()) {
    ASSIGN_OR_RETURN(
        channel,
        rpc::MakeChannel(absl::StrCat("responder \"", responder.name(), "\""),
                         responder.target(), credentials));
    parts.clients.push_back(
        MakeGrpcResponderClient(std::move(channel), kResponderDeadline));
    parts.replicators.push_back(std::make_unique<Replicator>(
        *parts.clients.back(), *parts.inventory, *parts.inventory,
        process.clock(),
        Replicator::Options{
            .name = responder.name(),
            .address = responder.target().address(),
            .confirm_for = std::clamp(settings.converge_interval * 6,
                                      absl::Minutes(1), kMaxConfirmation)}));
  }
  return parts;
}

// Responders are filled at the end.
class NoSink final : public UpdateSink {
 public:
  Acknowledged Offer(std::vector<block::Update>, absl::Duration) override {
    return {};
  }
  void CrlsChanged() override {}
};

BlockRefresher::Options RefreshOptions(const config::Refresher& config,
                                       const Settings& settings) {
  return {.owner = config.name(), .lease = settings.lease};
}

absl::Status Once(const config::Refresher& config, const Settings& settings,
                  Parts& parts, rpc::Process& process) {
  NoSink sink;
  LedgerFollower follower(*parts.signer, *parts.inventory, *parts.keeper, sink,
                          process.log(), config.signer().expected_uri());
  // Beside a daemon of the same name it must not take that one's leases.
  BlockRefresher::Options options = RefreshOptions(config, settings);
  options.owner += "/once";
  BlockRefresher blocks(*parts.signer, *parts.inventory, *parts.keeper, sink,
                        process.clock(), process.log(), options);
  CrlRefresher crls(*parts.signer, *parts.inventory, sink, process.clock(),
                    process.log(), {.delay = settings.crl_delay});
  OnceParts once{.signer = *parts.signer,
                 .inventory = *parts.inventory,
                 .follower = follower,
                 .blocks = blocks,
                 .crls = crls,
                 .responders = {},
                 .clock = process.clock()};
  for (const auto& replicator : parts.replicators) {
    once.responders.push_back(replicator.get());
  }
  Progress progress(process.clock(), process.log(), isatty(STDERR_FILENO) == 1);
  return RunOnce(once,
                 [&](absl::string_view stage, uint64_t done, uint64_t total) {
                   progress.Report(stage, done, total);
                 });
}

absl::Status Serve(const config::Refresher& config, const Settings& settings,
                   const rpc::Credentials& credentials, Parts& parts,
                   rpc::Process& process) {
  ASSIGN_OR_RETURN(const rpc::RoleTable roles,
                   rpc::RoleTable::Create(config.grant()));
  // The workers ask; the follower, which hands them updates, knows.
  std::atomic<bool> whole = false;
  std::vector<std::unique_ptr<ResponderWorker>> workers;
  std::vector<ResponderWorker*> all;
  for (const auto& replicator : parts.replicators) {
    workers.push_back(std::make_unique<ResponderWorker>(
        *replicator, [&whole] { return whole.load(); }, process.log(),
        ResponderWorker::Options{.converge_interval =
                                     settings.converge_interval}));
    all.push_back(workers.back().get());
  }
  Fanout fanout(all);
  LedgerFollower follower(*parts.signer, *parts.inventory, *parts.keeper,
                          fanout, process.log(),
                          config.signer().expected_uri());
  BlockRefresher blocks(*parts.signer, *parts.inventory, *parts.keeper, fanout,
                        process.clock(), process.log(),
                        RefreshOptions(config, settings));
  CrlRefresher crls(*parts.signer, *parts.inventory, fanout, process.clock(),
                    process.log(), {.delay = settings.crl_delay});
  Publisher publisher(*parts.keeper, fanout);

  rpc::WorkerPool pool(kWorkers);
  const rpc::Dispatcher dispatcher(pool, roles, process.log());
  PublishService service(
      publisher,
      [&]() -> absl::StatusOr<ClusterState> {
        ClusterState state{.responders = fanout.States(),
                           .ledger_size_followed = follower.followed(),
                           .now = process.clock().Now()};
        ASSIGN_OR_RETURN(const auto versions, parts.inventory->BlockVersions());
        state.blocks = versions.size();
        ASSIGN_OR_RETURN(state.oldest_refresh_at,
                         parts.inventory->EarliestRefresh());
        return state;
      },
      dispatcher);
  rpc::ServerOptions options;
  options.addresses = {config.listen().address().begin(),
                       config.listen().address().end()};
  options.services = {&service};
  ASSIGN_OR_RETURN(const auto server,
                   rpc::Server::Start(options, credentials, process.metrics(),
                                      process.log()));
  std::unique_ptr<rpc::AdminHttp> admin;
  if (!config.admin().address().empty()) {
    ASSIGN_OR_RETURN(
        admin,
        rpc::AdminHttp::Start(
            config.admin().address(), process.metrics(), [&]() -> absl::Status {
              if (follower.caught_up()) return absl::OkStatus();
              return absl::UnavailableError(
                  "the signer's ledger was not followed to its end yet");
            }));
  }
  RefresherMetrics metrics({.follower = follower,
                            .blocks = blocks,
                            .crls = crls,
                            .store = *parts.inventory,
                            .responders = all},
                           process.metrics());
  server->SetServing(true);
  process.log().Info("serving", {{"responders", workers.size()}});
  absl::Time reconcile_at = absl::InfinitePast();
  {
    const Loop follow("follow", process, settings.follow_interval, [&] {
      auto more = follower.Step();
      const bool is_whole = follower.inventory_is_whole();
      if (whole.exchange(is_whole) != is_whole && is_whole) {
        for (ResponderWorker* worker : all) worker->ConvergeSoon();
      }
      return more;
    });
    const Loop refresh(
        "refresh", process, absl::Seconds(1), [&]() -> absl::StatusOr<bool> {
          if (process.clock().Now() >= reconcile_at) {
            RETURN_IF_ERROR(blocks.Reconcile().status());
            reconcile_at = process.clock().Now() + kReconcileInterval;
          }
          ASSIGN_OR_RETURN(const size_t done, blocks.Step());
          return done > 0;
        });
    const Loop revoke("crls", process, absl::Seconds(1),
                      [&]() -> absl::StatusOr<bool> {
                        RETURN_IF_ERROR(crls.Step().status());
                        return false;
                      });
    do {
      metrics.Refresh();
    } while (process.SleepFor(absl::Seconds(1)));
  }
  server->Stop(absl::Seconds(10));
  pool.Stop();  // Handlers have answered, but may not have returned.
  return absl::OkStatus();
}

}  // namespace

absl::Status Run(const config::Refresher& config, rpc::Process& process) {
  const bool once = process.HasSwitch(kOnceSwitch);
  if (!once && config.listen().address().empty()) {
    return rpc::ConfigError("listen.address", "",
                            "say where to listen, such as unix:/path");
  }
  const Settings settings = ToSettings(config);
  ASSIGN_OR_RETURN(const rpc::Credentials credentials,
                   rpc::Credentials::Load(config.identity()));
  ASSIGN_OR_RETURN(Parts parts,
                   Assemble(config, settings, credentials, process));
  return once ? Once(config, settings, parts, process)
              : Serve(config, settings, credentials, parts, process);
}

}  // namespace chancery::refresher
