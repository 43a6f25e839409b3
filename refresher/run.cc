#include "refresher/run.h"

#include <unistd.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "chancery/config/refresher.pb.h"
#include "refresher/block_keeper.h"
#include "refresher/block_refresher.h"
#include "refresher/config.h"
#include "refresher/crl_refresher.h"
#include "refresher/discovery.h"
#include "refresher/fanout.h"
#include "refresher/feed_trimmer.h"
#include "refresher/grpc_catch_up_client.h"
#include "refresher/grpc_signer_client.h"
#include "refresher/head_follower.h"
#include "refresher/ledger_follower.h"
#include "refresher/loop.h"
#include "refresher/no_sink.h"
#include "refresher/once.h"
#include "refresher/progress.h"
#include "refresher/promoted.h"
#include "refresher/publish_service.h"
#include "refresher/publisher.h"
#include "refresher/purge/purges.h"
#include "refresher/refresher_metrics.h"
#include "refresher/responder_link.h"
#include "refresher/responder_set.h"
#include "refresher/served.h"
#include "refresher/standby_feeder.h"
#include "refresher/system_resolver.h"
#include "rpc/address.h"
#include "rpc/admin_http.h"
#include "rpc/audit_log/open_configured.h"
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
constexpr absl::Duration kPurgeInterval = absl::Milliseconds(500);
// The signer answers with the next entry. What a failover of the database lost
// is missed after so long at most.
constexpr absl::Duration kFeedWait = absl::Seconds(2);
constexpr absl::Duration kFeedPause = absl::Milliseconds(100);
// Authority and refresher need less to store what they had signed.
constexpr absl::Duration kPublishGrace = absl::Milliseconds(200);
constexpr absl::Duration kBlocksGrace = absl::Seconds(1);
constexpr absl::Duration kTrimInterval = absl::Hours(1);
constexpr absl::Duration kReconcileInterval = absl::Minutes(10);
// While blocks are signed by a former manifest key.
constexpr absl::Duration kKeyChangeInterval = absl::Seconds(30);
// How long the signer is asked to wait for a head: no longer than it may take
// to stop.
constexpr absl::Duration kHeadWait = absl::Seconds(1);
// A signer that starts waits for what it is shown.
constexpr absl::Duration kShowInterval = absl::Seconds(1);
// Before it is, its standbys are asked whether one was promoted.
constexpr absl::Duration kAskStandbys = absl::Seconds(5);
// --once comes once: it waits for a slow resolver.
constexpr absl::Duration kResolveOnce = absl::Seconds(30);

// What a daemon and --once have in common.
struct Parts {
  std::unique_ptr<storage::Inventory> inventory;
  std::unique_ptr<SignerClient> signer;
  std::unique_ptr<BlockKeeper> keeper;
};

absl::StatusOr<Parts> Assemble(const config::Refresher& config,
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
  parts.signer =
      MakeGrpcSignerClient(std::move(channel), kSignerDeadline, process.stop());
  parts.keeper = std::make_unique<BlockKeeper>(*parts.inventory, *parts.signer);
  return parts;
}

// What shares a name, on a thread of its own: a slow resolver holds up nobody.
class Finder {
 public:
  Finder(const config::ResponderTarget& responder, ResponderSet& responders,
         const ResponderLinkMaker& links, rpc::Process& process)
      : discovery_(
            resolver_, responders,
            [&responder, &links](const std::string& name,
                                 const std::string& address) {
              config::Target target = responder.target();
              target.set_address(address);
              return links.MakeWorker(name, target);
            },
            process.clock(), process.log(), ToDiscoveryOptions(responder)),
        loop_("discovery", process, absl::Seconds(responder.resolve_seconds()),
              [this]() -> absl::StatusOr<bool> {
                RETURN_IF_ERROR(discovery_.Step());
                return false;
              }) {}

 private:
  SystemResolver resolver_;
  Discovery discovery_;
  const Loop loop_;
};

// Shows a signer what others hold of it, and brings it what it lacks.
class Feeding {
 public:
  // All must outlive the object.
  static absl::StatusOr<std::unique_ptr<Feeding>> Create(
      const std::string& field, const config::Target& target,
      const rpc::Credentials& credentials, storage::Inventory& inventory,
      const rpc::Log& log, const std::string& signer) {
    ASSIGN_OR_RETURN(auto channel,
                     rpc::MakeChannel(field, target, credentials,
                                      {.max_message_bytes = kMaxMessageBytes}));
    return std::unique_ptr<Feeding>(
        new Feeding(channel, inventory, log, signer));
  }

  StandbyFeeder& feeder() { return feeder_; }

 private:
  Feeding(const std::shared_ptr<grpc::Channel>& channel,
          storage::Inventory& inventory, const rpc::Log& log,
          const std::string& signer)
      : client_(MakeGrpcCatchUpClient(channel, kSignerDeadline)),
        feeder_(*client_, inventory, log, signer) {}

  const std::unique_ptr<CatchUpClient> client_;
  StandbyFeeder feeder_;
};

// The signer's, then those of its standbys.
absl::StatusOr<std::vector<std::unique_ptr<Feeding>>> MakeFeedings(
    const config::Refresher& config, const rpc::Credentials& credentials,
    storage::Inventory& inventory, const rpc::Log& log) {
  const std::string& signer = config.signer().expected_uri();
  std::vector<std::unique_ptr<Feeding>> out;
  ASSIGN_OR_RETURN(out.emplace_back(),
                   Feeding::Create("signer", config.signer(), credentials,
                                   inventory, log, signer));
  for (const config::Target& standby : config.standby()) {
    ASSIGN_OR_RETURN(out.emplace_back(),
                     Feeding::Create("standby", standby, credentials, inventory,
                                     log, signer));
  }
  return out;
}

BlockRefresher::Options RefreshOptions(const config::Refresher& config,
                                       const Settings& settings,
                                       const rpc::Process& process) {
  return {.owner = config.name(),
          .lease = settings.lease,
          .jobs = settings.signing_jobs,
          .stop = process.stop()};
}

absl::Status Once(const config::Refresher& config, const Settings& settings,
                  const rpc::Credentials& credentials, Parts& parts,
                  rpc::Process& process) {
  ASSIGN_OR_RETURN(
      const auto feedings,
      MakeFeedings(config, credentials, *parts.inventory, process.log()));
  Promoted promoted(feedings.size() - 1, absl::ZeroDuration());
  feedings.front()->feeder().Heed(promoted);
  // The signer last: it may have been superseded.
  for (size_t i = feedings.size(); i-- > 0;) {
    StandbyFeeder& feeder = feedings[i]->feeder();
    absl::StatusOr<bool> more = true;
    while (more.value_or(false)) more = feeder.Step();
    if (!more.ok()) {
      process.log().Warning("signer_not_fed", {{"why", more.status()}});
    }
    if (i > 0) promoted.Tell(i - 1, feeder.standing());
  }
  NoSink sink;  // Responders are filled at the end.
  LedgerFollower follower(*parts.signer, *parts.inventory, *parts.keeper, sink,
                          process.log(),
                          {.signer = config.signer().expected_uri()});
  // Beside a daemon of the same name it must not take that one's leases.
  BlockRefresher::Options options = RefreshOptions(config, settings, process);
  options.owner += "/once";
  options.by_former_key_apart = absl::ZeroDuration();
  BlockRefresher blocks(*parts.signer, *parts.inventory, *parts.keeper, sink,
                        process.clock(), process.log(), options);
  CrlRefresher crls(*parts.signer, *parts.inventory, sink, process.clock(),
                    process.log(), {.delay = settings.crl_delay});
  HeadFollower heads(*parts.signer, *parts.inventory, sink,
                     config.signer().expected_uri());
  OnceParts once{.signer = *parts.signer,
                 .inventory = *parts.inventory,
                 .follower = follower,
                 .blocks = blocks,
                 .crls = crls,
                 .heads = heads,
                 .responders = {},
                 .clock = process.clock()};
  const ResponderLinkMaker maker({.credentials = credentials,
                                  .inventory = *parts.inventory,
                                  .clock = process.clock(),
                                  .log = process.log(),
                                  .signer = config.signer().expected_uri()},
                                 settings.converge_interval);
  SystemResolver resolver(kResolveOnce);
  ResponderLinks links;
  absl::Status resolved;
  for (const config::ResponderTarget& responder : config.responder()) {
    const auto made = maker.MakeEach(responder, resolver);
    resolved.Update(made.status());
    if (made.ok()) links.insert(links.end(), made->begin(), made->end());
  }
  for (const auto& link : links) {
    once.responders.push_back(link->replicator.get());
  }
  Progress progress(process.clock(), process.log(), isatty(STDERR_FILENO) == 1);
  absl::Status done = RunOnce(
      once, [&](absl::string_view stage, uint64_t made, uint64_t total) {
        progress.Report(stage, made, total);
      });
  done.Update(resolved);
  return done;
}

absl::Status Serve(const config::Refresher& config, const Settings& settings,
                   const rpc::Credentials& credentials, Parts& parts,
                   rpc::Process& process) {
  ASSIGN_OR_RETURN(const rpc::RoleTable roles,
                   rpc::RoleTable::Create(config.grant()));
  const ResponderLinkMaker links({.credentials = credentials,
                                  .inventory = *parts.inventory,
                                  .clock = process.clock(),
                                  .log = process.log(),
                                  .signer = config.signer().expected_uri()},
                                 settings.converge_interval);
  ResponderSet responders;
  for (const config::ResponderTarget& responder : config.responder()) {
    if (responder.resolve_seconds() != 0) continue;
    ASSIGN_OR_RETURN(auto worker,
                     links.MakeWorker(responder.name(), responder.target()));
    responders.Add(std::move(worker));
  }
  Fanout fanout(responders);
  LedgerFollower follower(*parts.signer, *parts.inventory, *parts.keeper,
                          fanout, process.log(),
                          {.signer = config.signer().expected_uri(),
                           .grace = kPublishGrace,
                           .grace_of_blocks = kBlocksGrace});
  BlockRefresher blocks(*parts.signer, *parts.inventory, *parts.keeper, fanout,
                        process.clock(), process.log(),
                        RefreshOptions(config, settings, process));
  CrlRefresher crls(*parts.signer, *parts.inventory, fanout, process.clock(),
                    process.log(), {.delay = settings.crl_delay});
  HeadFollower heads(*parts.signer, *parts.inventory, fanout,
                     config.signer().expected_uri());
  Publisher publisher(*parts.keeper, fanout);

  ASSIGN_OR_RETURN(const std::unique_ptr<rpc::AuditLog> audit,
                   rpc::OpenAuditLog(config.audit_log(), config.identity(),
                                     credentials.identity(), process.clock(),
                                     process.log()));
  rpc::WorkerPool pool(kWorkers);
  const rpc::Dispatcher dispatcher(pool, roles, process.log(),
                                   {.audit = audit.get()}, process.clock());
  PublishService service(
      publisher,
      [&]() -> absl::StatusOr<ClusterState> {
        ClusterState state{.responders = fanout.States(),
                           .ledger_size_followed = follower.followed(),
                           .head = heads.newest(),
                           .blocks_by_former_key = blocks.by_former_key(),
                           .now = process.clock().Now()};
        ASSIGN_OR_RETURN(const auto versions, parts.inventory->BlockVersions());
        state.blocks = versions.size();
        ASSIGN_OR_RETURN(state.oldest_refresh_at,
                         parts.inventory->EarliestRefresh());
        ASSIGN_OR_RETURN(state.block_times,
                         parts.inventory->ListBlockTimes(std::nullopt));
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
                            .heads = heads,
                            .inventory = *parts.inventory,
                            .clock = process.clock(),
                            .responders = responders},
                           process.metrics());
  Purges purges(config,
                {.signer = *parts.signer,
                 .inventory = *parts.inventory,
                 .clock = process.clock(),
                 .log = process.log(),
                 .metrics = process.metrics(),
                 .served = [&](uint64_t size, absl::Time since, bool crls) {
                   return AllServe(fanout.States(), size, since, crls);
                 }});
  ASSIGN_OR_RETURN(
      const auto feedings,
      MakeFeedings(config, credentials, *parts.inventory, process.log()));
  server->SetServing(true);
  process.log().Info("serving", {{"responders", responders.Get()->size()}});
  absl::Time reconcile_at = absl::InfinitePast();
  uint64_t key_changes = 0;
  {
    std::vector<std::unique_ptr<Finder>> finders;
    for (const config::ResponderTarget& responder : config.responder()) {
      if (responder.resolve_seconds() == 0) continue;
      finders.push_back(
          std::make_unique<Finder>(responder, responders, links, process));
    }
    Promoted promoted(feedings.size() - 1, kAskStandbys);
    feedings.front()->feeder().Heed(promoted);
    std::vector<std::unique_ptr<Loop>> feeding;
    for (size_t i = 0; i < feedings.size(); ++i) {
      feeding.push_back(std::make_unique<Loop>(
          "feed", process, kShowInterval,
          [i, &promoted, &feeder = feedings[i]->feeder()] {
            const auto more = feeder.Step();
            if (i > 0) promoted.Tell(i - 1, feeder.standing());
            return more;
          }));
    }
    const Loop follow("follow", process, settings.follow_interval, [&] {
      const auto asked_at = std::chrono::steady_clock::now();
      auto more = follower.Step(kFeedWait);
      // What comes next comes in a larger page: what is followed is known to
      // responders and inventory already, but for what somebody lost.
      if (follower.at_end()) process.SleepFor(kFeedPause);
      if (process.stop().stop_requested()) return absl::StatusOr<bool>(false);
      // A signer that waited is asked again at once.
      const absl::Duration took =
          absl::FromChrono(std::chrono::steady_clock::now() - asked_at);
      if (more.ok() && took > kFeedWait / 2) more = true;
      return more;
    });
    // The signer makes it wait.
    const Loop head("heads", process, absl::ZeroDuration(),
                    [&]() -> absl::StatusOr<bool> {
                      RETURN_IF_ERROR(heads.Step(kHeadWait).status());
                      return true;
                    });
    const Loop refresh(
        "refresh", process, absl::Seconds(1), [&]() -> absl::StatusOr<bool> {
          // What is due by the inventory first: refreshers share that by their
          // leases.
          const absl::StatusOr<size_t> done = blocks.Step();
          if (const uint64_t now = heads.key_changes(); now != key_changes) {
            key_changes = now;
            blocks.ForgetFormerKey();
            reconcile_at = absl::InfinitePast();
          }
          if (done.value_or(0) == 0 && process.clock().Now() >= reconcile_at) {
            RETURN_IF_ERROR(blocks.Reconcile().status());
            reconcile_at =
                process.clock().Now() + (blocks.by_former_key().value_or(0) == 0
                                             ? kReconcileInterval
                                             : kKeyChangeInterval);
          }
          RETURN_IF_ERROR(done.status());
          return *done > 0;
        });
    const Loop revoke("crls", process, absl::Seconds(1),
                      [&]() -> absl::StatusOr<bool> {
                        RETURN_IF_ERROR(crls.Step().status());
                        return false;
                      });
    std::optional<FeedTrimmer> trimmer;
    std::optional<Loop> trim;
    if (config.keep_feed_days() != 0) {
      trimmer.emplace(*parts.inventory, process.clock(), process.log(),
                      FeedTrimmer::Options{
                          .signer = config.signer().expected_uri(),
                          .keep = absl::Hours(24) * config.keep_feed_days()});
      trim.emplace("trim", process, kTrimInterval,
                   [&trimmer] { return trimmer->Step(); });
    }
    std::vector<std::unique_ptr<Loop>> purging;
    for (Purger* purger : purges.all()) {
      purging.push_back(std::make_unique<Loop>(
          absl::StrCat("purge-", purger->name()), process, kPurgeInterval,
          [purger] { return purger->Step(); }));
    }
    do {
      metrics.Refresh();
      purges.RefreshMetrics();
    } while (process.SleepFor(absl::Seconds(1)));
  }
  server->Stop(absl::Seconds(10));
  pool.Stop();  // Handlers have answered, but may not have returned.
  responders.StopAll();
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckFiles(const config::Refresher& config) {
  RETURN_IF_ERROR(rpc::Credentials::Check(config.identity()));
  return rpc::CheckAuditFolder(config.audit_log());
}

absl::Status Run(const config::Refresher& config, rpc::Process& process) {
  const bool once = process.HasSwitch(kOnceSwitch);
  if (!once && config.listen().address().empty()) {
    return rpc::ConfigError("listen.address", "",
                            "say where to listen, such as unix:/path");
  }
  const Settings settings = ToSettings(config);
  ASSIGN_OR_RETURN(const rpc::Credentials credentials,
                   rpc::Credentials::Load(config.identity()));
  ASSIGN_OR_RETURN(Parts parts, Assemble(config, credentials, process));
  return once ? Once(config, settings, credentials, parts, process)
              : Serve(config, settings, credentials, parts, process);
}

}  // namespace chancery::refresher
