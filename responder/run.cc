#include "responder/run.h"

#include <malloc.h>

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mutex.h"
#include "base/random.h"
#include "base/status_macros.h"
#include "block/key_set.h"
#include "block/key_set_file.h"
#include "chancery/config/responder.pb.h"
#include "responder/cache/block_cache.h"
#include "responder/cache/crl_cache.h"
#include "responder/cache/crl_folder.h"
#include "responder/cache/head_keeper.h"
#include "responder/cache/key_ring.h"
#include "responder/cache/key_set_watcher.h"
#include "responder/cache/pinned_issuers.h"
#include "responder/cache/rocksdb_cache_store.h"
#include "responder/cache/update_verifier.h"
#include "responder/cache/verified_replica.h"
#include "responder/cache_tags.h"
#include "responder/descriptors.h"
#include "responder/gated_source.h"
#include "responder/handover.h"
#include "responder/http/http_server.h"
#include "responder/http/listener.h"
#include "responder/public_http.h"
#include "responder/replication_service.h"
#include "responder/responder_metrics.h"
#include "rpc/admin_http.h"
#include "rpc/audit_log/open_configured.h"
#include "rpc/check_config.h"
#include "rpc/config.h"
#include "rpc/credentials.h"
#include "rpc/dispatcher.h"
#include "rpc/roles.h"
#include "rpc/server.h"
#include "rpc/worker_pool.h"

namespace chancery::responder {
namespace {

constexpr size_t kWorkers = 16;
// As many sockets as a successor can be passed.
constexpr uint32_t kMaxThreads = kMaxHandedOver;

constexpr uint32_t kMaxRecentMb = 1 << 16;

// How often blocks that have ended are looked for.
constexpr absl::Duration kDropInterval = absl::Minutes(10);

// How often the key set's file is looked at.
constexpr absl::Duration kKeySetInterval = absl::Seconds(5);

// A responder must not lose sight of the signer between two heads, nor answer
// for days without having heard of it: Baseline Requirements section 4.9.1.1
// has some revocations take effect within a day.
constexpr absl::Duration kMinHeadAge = absl::Minutes(2);
constexpr absl::Duration kMaxHeadAge = absl::Hours(24);

// Each of malloc's arenas keeps what a refresh's messages once took of it, and
// there would be eight for each core: 70 MB with two cores. Nobody waits for
// them: answering asks for no memory.
constexpr int kArenas = 2;

absl::StatusOr<KeySetWatcher> WatchKeySet(const config::Responder& config) {
  const std::string& file = config.key_set_root_file();
  ASSIGN_OR_RETURN(const std::string pem, base::ReadFile(file));
  auto roots = block::ParseKeySetRoots(pem);
  if (roots.ok())
    return KeySetWatcher(config.key_set_file(), *std::move(roots));
  return absl::Status(roots.status().code(),
                      absl::StrCat(file, ": ", roots.status().message()));
}

// Believes a newer key set from now on, if there is one, and nothing any more
// that it does not cover.
void TakeKeySet(KeySetWatcher& watcher, KeyRing& keys, BlockCache& blocks,
                HeadKeeper& heads, const rpc::Log& log) {
  auto next = watcher.Poll();
  if (!next.ok()) log.Error("key_set_refused", {{"why", next.status()}});
  if (!next.ok() || !next->has_value()) return;
  log.Info("key_set_taken", {{"version", (*next)->version}});
  keys.Replace(**std::move(next));
  heads.KeysChanged();
  blocks.DropUnbelieved([&](const block::BlockId& id) { heads.Lost(id); });
}

HttpServerOptions ToHttpOptions(const config::Responder& config) {
  HttpServerOptions options;
  options.address = config.http_address();
  options.threads = config.threads();
  const config::HttpLimits& from = config.limits();
  HttpLimits& limits = options.limits;
  if (from.header_bytes() != 0) limits.header_bytes = from.header_bytes();
  if (from.body_bytes() != 0) limits.body_bytes = from.body_bytes();
  if (from.idle_seconds() != 0) {
    limits.idle_timeout = absl::Seconds(from.idle_seconds());
  }
  if (from.first_request_seconds() != 0) {
    limits.request_timeout = absl::Seconds(from.first_request_seconds());
  }
  if (from.connections() != 0) limits.connections = from.connections();
  limits.connections_per_address = from.connections_per_address();
  if (from.max_lag_ms() != 0) {
    limits.max_lag = absl::Milliseconds(from.max_lag_ms());
  }
  return options;
}

HeadKeeper::Options ToHeadOptions(const config::Responder& config) {
  HeadKeeper::Options options;
  if (config.max_head_age_seconds() != 0) {
    options.max_age = absl::Seconds(config.max_head_age_seconds());
  }
  if (config.hard_head_age_seconds() != 0) {
    options.hard_age = absl::Seconds(config.hard_head_age_seconds());
  }
  return options;
}

absl::Status CheckHeadAges(const config::Responder& config) {
  const HeadKeeper::Options options = ToHeadOptions(config);
  if (options.max_age < kMinHeadAge) {
    return rpc::ConfigError(
        "max_head_age_seconds", absl::StrCat(config.max_head_age_seconds()),
        absl::StrCat("at least ", absl::ToInt64Seconds(kMinHeadAge),
                     ": heads come every minute"));
  }
  if (options.hard_age < options.max_age || options.hard_age > kMaxHeadAge) {
    return rpc::ConfigError(
        "hard_head_age_seconds", absl::StrCat(config.hard_head_age_seconds()),
        absl::StrCat("from max_head_age_seconds (",
                     absl::ToInt64Seconds(options.max_age), ") to ",
                     absl::ToInt64Seconds(kMaxHeadAge)));
  }
  return absl::OkStatus();
}

size_t RecentBytes(const config::Responder& config) {
  constexpr size_t kDefaultMb = 64;
  const size_t mb = config.recent_answers_mb();
  return (mb == 0 ? kDefaultMb : mb) << 20;
}

// What takes updates and tells operators how it goes. A successor has its own,
// at the same addresses. Thread-safe.
class Services {
 public:
  // All must outlive the object.
  struct Parts {
    const config::Responder& config;
    const rpc::Credentials& credentials;
    const rpc::RoleTable& roles;
    rpc::Process& process;
    VerifiedReplica& replica;
    std::string http_address;
  };

  explicit Services(Parts parts) : parts_(std::move(parts)) {}
  ~Services() { Stop(); }

  absl::Status Start() {
    base::MutexLock lock(mu_);
    // Not open twice: whoever takes over opens the same.
    running_.reset();
    ASSIGN_OR_RETURN(
        std::unique_ptr<rpc::AuditLog> audit,
        rpc::OpenAuditLog(parts_.config.audit_log(), parts_.config.identity(),
                          parts_.credentials.identity(), parts_.process.clock(),
                          parts_.process.log()));
    running_ = std::make_unique<Running>(parts_, std::move(audit));
    rpc::ServerOptions options;
    const auto& addresses = parts_.config.listen().address();
    options.addresses = {addresses.begin(), addresses.end()};
    options.services = {&running_->replication};
    ASSIGN_OR_RETURN(
        running_->server,
        rpc::Server::Start(options, parts_.credentials,
                           parts_.process.metrics(), parts_.process.log()));
    if (!parts_.config.admin().address().empty()) {
      ASSIGN_OR_RETURN(running_->admin,
                       rpc::AdminHttp::Start(parts_.config.admin().address(),
                                             parts_.process.metrics(), [this] {
                                               return parts_.replica.Ready();
                                             }));
    }
    running_->server->SetServing(true);
    return absl::OkStatus();
  }

  void Stop() {
    base::MutexLock lock(mu_);
    if (running_ == nullptr) return;
    if (running_->server != nullptr) running_->server->Stop(absl::Seconds(10));
    running_->pool.Stop();  // Handlers have answered, but may still return.
    running_.reset();
  }

 private:
  struct Running {
    Running(const Parts& parts, std::unique_ptr<rpc::AuditLog> log)
        : audit(std::move(log)),
          dispatcher(pool, parts.roles, parts.process.log(),
                     {.audit = audit.get()}, parts.process.clock()),
          replication(parts.replica, dispatcher, parts.http_address) {}
    const std::unique_ptr<rpc::AuditLog> audit;
    rpc::WorkerPool pool{kWorkers};
    const rpc::Dispatcher dispatcher;
    ReplicationService replication;
    std::unique_ptr<rpc::Server> server;
    std::unique_ptr<rpc::AdminHttp> admin;
  };

  const Parts parts_;
  base::Mutex mu_;
  std::unique_ptr<Running> running_ ABSL_GUARDED_BY(mu_);
};

// For whoever is to follow; null if the configuration names no socket.
absl::StatusOr<std::unique_ptr<SuccessorListener>> AwaitSuccessor(
    const std::string& path, Services& services, FolderCacheStore& store,
    HttpServer& http, rpc::Process& process) {
  if (path.empty()) return std::unique_ptr<SuccessorListener>();
  return SuccessorListener::Start(
      path,
      {.release =
           [&] {
             services.Stop();
             store.Close();
             return http.ShareListeners();
           },
       .resume =
           [&] {
             absl::Status status = store.Reopen();
             status.Update(services.Start());
             if (status.ok()) return;
             process.log().Error("handover_not_undone", {{"why", status}});
             process.RequestStop();
           },
       .hand_over =
           [&] {
             std::vector<base::Fd> idle = http.HandOver();
             process.RequestStop();
             return idle;
           }},
      process.log());
}

absl::StatusOr<CacheTags> TagsOf(const config::Responder& config) {
  auto tags = CacheTags::Create(
      {config.cache_tag_field().begin(), config.cache_tag_field().end()});
  if (tags.ok()) return tags;
  return absl::InvalidArgumentError(
      absl::StrCat("cache_tag_field: ", tags.status().message()));
}

}  // namespace

absl::Status CheckConfig(const config::Responder& config) {
  RETURN_IF_ERROR(rpc::CheckIdentity(config.identity()));
  if (config.listen().address().empty()) {
    return rpc::ConfigError("listen.address", "",
                            "say where to listen, such as unix:/path");
  }
  RETURN_IF_ERROR(rpc::RoleTable::Create(config.grant()).status());
  RETURN_IF_ERROR(rpc::CheckAuditLog(config.audit_log()));
  RETURN_IF_ERROR(rpc::RequireSet("cache_dir", config.cache_dir()));
  RETURN_IF_ERROR(rpc::RequireSet("key_set_file", config.key_set_file()));
  RETURN_IF_ERROR(
      rpc::RequireSet("key_set_root_file", config.key_set_root_file()));
  RETURN_IF_ERROR(rpc::RequireSet("http_address", config.http_address()));
  if (config.threads() > kMaxThreads) {
    return rpc::ConfigError("threads", absl::StrCat(config.threads()),
                            absl::StrCat("at most ", kMaxThreads));
  }
  if (config.handover_socket().size() > kMaxHandoverPath) {
    return rpc::ConfigError("handover_socket", config.handover_socket(),
                            absl::StrCat("at most ", kMaxHandoverPath,
                                         " bytes, as a Unix socket's path"));
  }
  if (config.recent_answers_mb() > kMaxRecentMb) {
    return rpc::ConfigError("recent_answers_mb",
                            absl::StrCat(config.recent_answers_mb()),
                            absl::StrCat("at most ", kMaxRecentMb));
  }
  RETURN_IF_ERROR(CheckHeadAges(config));
  const uint32_t header_bytes = config.limits().header_bytes();
  if (header_bytes != 0 && header_bytes < 256) {
    return rpc::ConfigError("limits.header_bytes", absl::StrCat(header_bytes),
                            "at least 256");
  }
  return TagsOf(config).status();
}

absl::Status CheckFiles(const config::Responder& config) {
  RETURN_IF_ERROR(rpc::Credentials::Check(config.identity()));
  RETURN_IF_ERROR(rpc::CheckAuditFolder(config.audit_log()));
  return WatchKeySet(config).status();
}

absl::Status Run(const config::Responder& config, rpc::Process& process) {
  (void)mallopt(M_ARENA_MAX, kArenas);
  ASSIGN_OR_RETURN(const rpc::Credentials credentials,
                   rpc::Credentials::Load(config.identity()));
  ASSIGN_OR_RETURN(const rpc::RoleTable roles,
                   rpc::RoleTable::Create(config.grant()));
  ASSIGN_OR_RETURN(KeySetWatcher key_set, WatchKeySet(config));
  ASSIGN_OR_RETURN(block::KeySet first_keys, key_set.Load());
  ASSIGN_OR_RETURN(const PinnedIssuers issuers,
                   PinnedIssuers::Create(first_keys));
  KeyRing keys(std::move(first_keys));
  HttpServerOptions http_options = ToHttpOptions(config);
  ASSIGN_OR_RETURN(http_options.limits.connections,
                   FitConnections(config.limits().connections(),
                                  http_options.limits.connections,
                                  issuers.size(), RaiseDescriptorLimit()));
  std::optional<Predecessor> predecessor;
  std::optional<Listeners> listeners;
  if (!config.handover_socket().empty()) {
    ASSIGN_OR_RETURN(predecessor, Predecessor::Find(config.handover_socket()));
  }
  if (predecessor.has_value()) {
    ASSIGN_OR_RETURN(std::vector<base::Fd> sockets, predecessor->TakeSockets());
    ASSIGN_OR_RETURN(listeners,
                     Adopt(std::move(sockets), LoopsOf(http_options)));
  }
  ASSIGN_OR_RETURN(const OpenedCacheStore opened,
                   OpenRocksDbCacheStore(config.cache_dir()));
  if (!opened.wiped.empty()) {
    process.log().Error("cache_wiped", {{"why", opened.wiped}});
  }
  RETURN_IF_ERROR(key_set.Begin(*opened.store));

  const UpdateVerifier verifier(keys, issuers, base::SystemRandom());
  BlockCache blocks({.issuers = issuers,
                     .verifier = verifier,
                     .store = *opened.store,
                     .clock = process.clock(),
                     .log = process.log()},
                    config.lean_memory() ? config.cache_dir() : "");
  ASSIGN_OR_RETURN(const CrlFolder crl_folder,
                   CrlFolder::Open(config.cache_dir() + "/crls",
                                   CrlDescriptors(issuers.size())));
  CrlCache crls(issuers, crl_folder, process.clock(), process.log());
  // Before any address is open: what is not read yet would be `unauthorized`.
  blocks.Load();
  crls.Load();
  HeadKeeper heads(
      keys, *opened.store, process.clock(), process.log(),
      [&blocks] { return blocks.Versions(); }, ToHeadOptions(config));
  heads.Load();
  blocks.SetAdmission([&heads](const block::Manifest& manifest) {
    return heads.CheckEpoch(manifest);
  });
  const GatedSource ocsp(blocks, heads);
  VerifiedReplica replica(blocks, crls, heads);
  process.log().Info("cache_loaded",
                     {{"blocks", replica.Status().blocks},
                      {"certificates", replica.Status().certificates},
                      {"crls", replica.Status().crls},
                      {"key_set", keys.Now()->version}});

  ASSIGN_OR_RETURN(const CacheTags tags, TagsOf(config));
  OcspCounterPool answers;
  const size_t recent_bytes = RecentBytes(config) / LoopsOf(http_options);
  const auto make_handler = [&] {
    return std::make_unique<PublicHttp>(
        PublicHttp::Options{.path_prefix = config.path_prefix(),
                            .ready = [&] { return replica.Ready(); },
                            .tags = tags,
                            .recent_bytes = recent_bytes},
        ocsp, crls, answers.Add());
  };
  std::unique_ptr<HttpServer> http;
  if (listeners.has_value()) {
    ASSIGN_OR_RETURN(http,
                     HttpServer::Start(http_options, *std::move(listeners),
                                       process.clock(), make_handler));
    RETURN_IF_ERROR(predecessor->TakeOver(
        [&](base::Fd connection) { http->Adopt(std::move(connection)); }));
    predecessor.reset();
    process.log().Info("taken_over", {{"http", http->address()}});
  } else {
    ASSIGN_OR_RETURN(
        http, HttpServer::Start(http_options, process.clock(), make_handler));
  }

  Services services({.config = config,
                     .credentials = credentials,
                     .roles = roles,
                     .process = process,
                     .replica = replica,
                     .http_address = http->address()});
  RETURN_IF_ERROR(services.Start());
  ResponderMetrics metrics({.http = *http,
                            .answers = answers,
                            .blocks = blocks,
                            .crls = crls,
                            .replica = replica,
                            .clock = process.clock()},
                           process.metrics());
  ASSIGN_OR_RETURN(auto successor_listener,
                   AwaitSuccessor(config.handover_socket(), services,
                                  *opened.store, *http, process));
  process.log().Info("serving", {{"http", http->address()}});
  const std::jthread checking([&](const std::stop_token& stop) {
    blocks.CheckLoaded([&] { return stop.stop_requested(); },
                       [&](const block::BlockId& id) { heads.Lost(id); });
  });
  absl::Time drop_at = process.clock().Now();
  absl::Time look_at_keys = process.clock().Now() + kKeySetInterval;
  do {
    heads.Tick();
    if (process.clock().Now() >= look_at_keys) {
      look_at_keys = process.clock().Now() + kKeySetInterval;
      TakeKeySet(key_set, keys, blocks, heads, process.log());
    }
    metrics.Refresh();
    if (process.clock().Now() >= drop_at) {
      blocks.DropEnded();
      // A key's time may have ended.
      blocks.DropUnbelieved([&](const block::BlockId& id) { heads.Lost(id); });
      drop_at = process.clock().Now() + kDropInterval;
    }
  } while (process.SleepFor(absl::Seconds(1)));
  http->Stop();
  successor_listener.reset();  // Nobody is answered here any more.
  services.Stop();
  return absl::OkStatus();
}

}  // namespace chancery::responder
