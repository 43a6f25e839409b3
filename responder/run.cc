#include "responder/run.h"

#include <malloc.h>

#include <memory>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/random.h"
#include "base/status_macros.h"
#include "block/key_set.h"
#include "chancery/config/responder.pb.h"
#include "crypto/public_key.h"
#include "responder/cache/block_cache.h"
#include "responder/cache/crl_cache.h"
#include "responder/cache/crl_folder.h"
#include "responder/cache/pinned_issuers.h"
#include "responder/cache/rocksdb_cache_store.h"
#include "responder/cache/update_verifier.h"
#include "responder/cache/verified_replica.h"
#include "responder/cache_tags.h"
#include "responder/http/http_server.h"
#include "responder/public_http.h"
#include "responder/replication_service.h"
#include "responder/responder_metrics.h"
#include "rpc/admin_http.h"
#include "rpc/check_config.h"
#include "rpc/config.h"
#include "rpc/credentials.h"
#include "rpc/dispatcher.h"
#include "rpc/roles.h"
#include "rpc/server.h"
#include "rpc/worker_pool.h"
#include "x509/certificate/pem.h"

namespace chancery::responder {
namespace {

constexpr size_t kWorkers = 16;
constexpr uint32_t kMaxThreads = 256;

// Each of malloc's arenas keeps what a refresh's messages once took of it, and
// there would be eight for each core: 70 MB with two cores. Nobody waits for
// them: answering asks for no memory.
constexpr int kArenas = 2;

absl::StatusOr<block::KeySet> LoadKeySet(const config::Responder& config) {
  ASSIGN_OR_RETURN(const std::string pem,
                   base::ReadFile(config.key_set_root_file()));
  const auto in_root = [&](const absl::Status& status) {
    return absl::Status(status.code(), absl::StrCat(config.key_set_root_file(),
                                                    ": ", status.message()));
  };
  const auto spki = x509::DerOrPem("PUBLIC KEY", pem);
  if (!spki.ok()) return in_root(spki.status());
  const auto root = crypto::PublicKey::FromSpki(base::AsBytes(*spki));
  if (!root.ok()) return in_root(root.status());
  ASSIGN_OR_RETURN(const std::string file,
                   base::ReadFile(config.key_set_file()));
  auto keys = block::OpenKeySet(base::AsBytes(file), *root);
  if (keys.ok()) return keys;
  return absl::Status(
      keys.status().code(),
      absl::StrCat(config.key_set_file(), ": ", keys.status().message()));
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
  RETURN_IF_ERROR(rpc::RequireSet("cache_dir", config.cache_dir()));
  RETURN_IF_ERROR(rpc::RequireSet("key_set_file", config.key_set_file()));
  RETURN_IF_ERROR(
      rpc::RequireSet("key_set_root_file", config.key_set_root_file()));
  RETURN_IF_ERROR(rpc::RequireSet("http_address", config.http_address()));
  if (config.threads() > kMaxThreads) {
    return rpc::ConfigError("threads", absl::StrCat(config.threads()),
                            absl::StrCat("at most ", kMaxThreads));
  }
  const uint32_t header_bytes = config.limits().header_bytes();
  if (header_bytes != 0 && header_bytes < 256) {
    return rpc::ConfigError("limits.header_bytes", absl::StrCat(header_bytes),
                            "at least 256");
  }
  return TagsOf(config).status();
}

absl::Status Run(const config::Responder& config, rpc::Process& process) {
  (void)mallopt(M_ARENA_MAX, kArenas);
  ASSIGN_OR_RETURN(const rpc::Credentials credentials,
                   rpc::Credentials::Load(config.identity()));
  ASSIGN_OR_RETURN(const rpc::RoleTable roles,
                   rpc::RoleTable::Create(config.grant()));
  ASSIGN_OR_RETURN(const block::KeySet keys, LoadKeySet(config));
  ASSIGN_OR_RETURN(const PinnedIssuers issuers, PinnedIssuers::Create(keys));
  ASSIGN_OR_RETURN(const OpenedCacheStore opened,
                   OpenRocksDbCacheStore(config.cache_dir()));
  if (!opened.wiped.empty()) {
    process.log().Error("cache_wiped", {{"why", opened.wiped}});
  }

  const UpdateVerifier verifier(keys, issuers, base::SystemRandom());
  BlockCache blocks({.issuers = issuers,
                     .verifier = verifier,
                     .store = *opened.store,
                     .clock = process.clock(),
                     .log = process.log()},
                    config.lean_memory() ? config.cache_dir() : "");
  ASSIGN_OR_RETURN(const CrlFolder crl_folder,
                   CrlFolder::Open(config.cache_dir() + "/crls"));
  CrlCache crls(issuers, crl_folder, process.clock(), process.log());
  // Before any address is open: what is not read yet would be `unauthorized`.
  blocks.Load();
  crls.Load();
  VerifiedReplica replica(blocks, crls, process.clock());
  process.log().Info("cache_loaded",
                     {{"blocks", replica.Status().blocks},
                      {"certificates", replica.Status().certificates},
                      {"crls", replica.Status().crls},
                      {"key_set", keys.version}});

  ASSIGN_OR_RETURN(const CacheTags tags, TagsOf(config));
  OcspCounterPool answers;
  ASSIGN_OR_RETURN(
      const auto http,
      HttpServer::Start(ToHttpOptions(config), process.clock(), [&] {
        return std::make_unique<PublicHttp>(
            PublicHttp::Options{.path_prefix = config.path_prefix(),
                                .ready = [&] { return replica.Ready(); },
                                .tags = tags},
            blocks, crls, answers.Add());
      }));

  rpc::WorkerPool pool(kWorkers);
  const rpc::Dispatcher dispatcher(pool, roles, process.log());
  ReplicationService replication(replica, dispatcher, http->address());
  rpc::ServerOptions options;
  options.addresses = {config.listen().address().begin(),
                       config.listen().address().end()};
  options.services = {&replication};
  ASSIGN_OR_RETURN(const auto server,
                   rpc::Server::Start(options, credentials, process.metrics(),
                                      process.log()));
  std::unique_ptr<rpc::AdminHttp> admin;
  if (!config.admin().address().empty()) {
    ASSIGN_OR_RETURN(admin, rpc::AdminHttp::Start(
                                config.admin().address(), process.metrics(),
                                [&] { return replica.Ready(); }));
  }
  ResponderMetrics metrics({.http = *http,
                            .answers = answers,
                            .blocks = blocks,
                            .replica = replica,
                            .clock = process.clock()},
                           process.metrics());
  server->SetServing(true);
  process.log().Info("serving", {{"http", http->address()}});
  const std::jthread checking([&](const std::stop_token& stop) {
    blocks.CheckLoaded([&] { return stop.stop_requested(); });
  });
  do {
    metrics.Refresh();
  } while (process.SleepFor(absl::Seconds(1)));
  http->Stop();
  server->Stop(absl::Seconds(10));
  pool.Stop();  // Handlers have answered, but may not have returned.
  return absl::OkStatus();
}

}  // namespace chancery::responder
