#include "authority/run.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "authority/certificate_authority.h"
#include "authority/certificate_service.h"
#include "authority/grpc_mass_signer_client.h"
#include "authority/grpc_publisher.h"
#include "authority/grpc_signer_client.h"
#include "authority/issuer_directory.h"
#include "authority/issuer_service.h"
#include "authority/mass_revocation_service.h"
#include "authority/mass_revoker.h"
#include "authority/token/replay_guard.h"
#include "authority/token/token_clients.h"
#include "authority/token/token_issuer.h"
#include "authority/token/token_service.h"
#include "base/random.h"
#include "base/status_macros.h"
#include "chancery/config/authority.pb.h"
#include "rpc/admin_http.h"
#include "rpc/audit_log/open_configured.h"
#include "rpc/check_config.h"
#include "rpc/client.h"
#include "rpc/config.h"
#include "rpc/credentials.h"
#include "rpc/dispatcher.h"
#include "rpc/insist.h"
#include "rpc/issue_rates.h"
#include "rpc/recall_issue_rates.h"
#include "rpc/roles.h"
#include "rpc/server.h"
#include "rpc/worker_pool.h"
#include "storage/open_configured.h"

namespace chancery::authority {
namespace {

// Handlers mostly wait: for the signer, then for the responders.
constexpr size_t kWorkers = 128;
constexpr size_t kMaxMessageBytes = 64 << 20;  // Larger than any block.
constexpr uint32_t kMaxPublishWaitMs = 1000;   // TRUST 8.
constexpr absl::Duration kSignerDeadline = absl::Seconds(30);
// Of 200,000 revocations.
constexpr absl::Duration kMassDeadline = absl::Hours(1);
constexpr absl::Duration kIssuersInterval = absl::Minutes(1);

// Asks for the issuers: every second until the signer has told them.
void KeepIssuers(IssuerDirectory& issuers, rpc::Process& process) {
  bool said = false;
  do {
    const absl::Status status = issuers.Refresh();
    if (!status.ok() && !said) {
      process.log().Warning("issuers_not_read", {{"why", status}});
    }
    if (status.ok() && said) process.log().Info("issuers_read");
    said = !status.ok();
  } while (process.SleepFor(issuers.from_signer() ? kIssuersInterval
                                                  : absl::Seconds(1)));
}

}  // namespace

absl::Status CheckConfig(const config::Authority& config) {
  RETURN_IF_ERROR(rpc::CheckIdentity(config.identity()));
  if (config.listen().address().empty()) {
    return rpc::ConfigError("listen.address", "",
                            "say where to listen, such as unix:/path");
  }
  RETURN_IF_ERROR(rpc::CheckListen(config.listen()));
  ASSIGN_OR_RETURN(const rpc::RoleTable roles,
                   rpc::RoleTable::Create(config.grant()));
  RETURN_IF_ERROR(rpc::CheckAuditLog(config.audit_log()));
  RETURN_IF_ERROR(rpc::CheckIssueRates(config.audit_log(), roles));
  RETURN_IF_ERROR(CheckTokens(config.tokens()));
  RETURN_IF_ERROR(storage::CheckInventory(config.inventory()));
  RETURN_IF_ERROR(rpc::CheckTarget("signer", config.signer()));
  if (config.has_refresher()) {
    RETURN_IF_ERROR(rpc::CheckTarget("refresher", config.refresher()));
  }
  if (config.publish_wait_ms() > kMaxPublishWaitMs) {
    return rpc::ConfigError("publish_wait_ms",
                            absl::StrCat(config.publish_wait_ms()),
                            absl::StrCat("at most ", kMaxPublishWaitMs));
  }
  return absl::OkStatus();
}

absl::Status CheckFiles(const config::Authority& config) {
  RETURN_IF_ERROR(rpc::Credentials::Check(config.identity()));
  RETURN_IF_ERROR(rpc::CheckAuditFolder(config.audit_log()));
  return TokenClients::Load(config.tokens()).status();
}

absl::Status Run(const config::Authority& config, rpc::Process& process) {
  ASSIGN_OR_RETURN(const rpc::Credentials credentials,
                   rpc::Credentials::Load(config.identity()));
  ASSIGN_OR_RETURN(const rpc::RoleTable roles,
                   rpc::RoleTable::Create(config.grant()));
  ASSIGN_OR_RETURN(auto channel,
                   rpc::MakeChannel("signer", config.signer(), credentials,
                                    {.max_message_bytes = kMaxMessageBytes}));
  const auto signer = MakeGrpcSignerClient(std::move(channel), kSignerDeadline);
  ASSIGN_OR_RETURN(channel,
                   rpc::MakeChannel("signer", config.signer(), credentials,
                                    {.max_message_bytes = kMaxMessageBytes}));
  const auto mass_signer =
      MakeGrpcMassSignerClient(std::move(channel), kMassDeadline);
  std::unique_ptr<Publisher> publisher;
  if (config.has_refresher()) {
    ASSIGN_OR_RETURN(channel, rpc::MakeChannel("refresher", config.refresher(),
                                               credentials));
    publisher = MakeGrpcPublisher(std::move(channel));
  }
  std::unique_ptr<storage::Inventory> inventory;
  RETURN_IF_ERROR(
      rpc::Insist(process, "inventory_not_open", [&]() -> absl::Status {
        ASSIGN_OR_RETURN(inventory,
                         storage::OpenConfigured(config.inventory()));
        return absl::OkStatus();
      }));

  IssuerDirectory issuers(*signer, *inventory);
  RETURN_IF_ERROR(rpc::Insist(process, "issuers_not_loaded",
                              [&] { return issuers.LoadKnown(); }));
  CertificateAuthority::Options options;
  if (config.publish_wait_ms() != 0) {
    options.publish_wait = absl::Milliseconds(config.publish_wait_ms());
  }
  options.sleep = [&](absl::Duration wait) { return process.SleepFor(wait); };
  CertificateAuthority authority({.signer = *signer,
                                  .certificates = *inventory,
                                  .issuers = issuers,
                                  .publisher = publisher.get(),
                                  .clock = process.clock(),
                                  .random = base::SystemRandom(),
                                  .log = process.log()},
                                 options);

  ASSIGN_OR_RETURN(const std::unique_ptr<rpc::AuditLog> audit,
                   rpc::OpenAuditLog(config.audit_log(), config.identity(),
                                     credentials.identity(), process.clock(),
                                     process.log()));
  rpc::IssueRates rates;
  RETURN_IF_ERROR(rpc::RecallIssueRates(config.audit_log().path(), roles,
                                        process.clock().Now(), rates));
  rpc::WorkerPool pool(kWorkers);
  const rpc::Dispatcher dispatcher(pool, roles, process.log(),
                                   {.audit = audit.get(), .rates = &rates},
                                   process.clock());
  CertificateService certificate_service(authority, issuers, dispatcher);
  IssuerService issuer_service(issuers, dispatcher);
  MassRevoker mass_revoker({.signer = *mass_signer,
                            .publisher = publisher.get(),
                            .log = process.log(),
                            .publish_wait = options.publish_wait});
  MassRevocationService mass_revocation_service(mass_revoker, authority,
                                                dispatcher);
  ASSIGN_OR_RETURN(const TokenClients token_clients,
                   TokenClients::Load(config.tokens()));
  std::unique_ptr<ReplayGuard> replays;
  std::unique_ptr<TokenIssuer> token_issuer;
  std::unique_ptr<TokenService> token_service;
  if (!token_clients.empty()) {
    ASSIGN_OR_RETURN(replays, ReplayGuard::Open(config.tokens().replay_file(),
                                                process.clock().Now(), {}));
    TokenIssuer::Parts parts{.clients = token_clients,
                             .replays = *replays,
                             .authority = authority,
                             .issuers = issuers,
                             .gate = dispatcher.gate(),
                             .clock = process.clock()};
    if (config.tokens().window_seconds() != 0) {
      parts.window = absl::Seconds(config.tokens().window_seconds());
    }
    token_issuer = std::make_unique<TokenIssuer>(parts);
    token_service =
        std::make_unique<TokenService>(*token_issuer, issuers, dispatcher);
  }
  rpc::ServerOptions server_options;
  server_options.addresses = {config.listen().address().begin(),
                              config.listen().address().end()};
  server_options.services = {&certificate_service, &issuer_service,
                             &mass_revocation_service};
  if (token_service != nullptr) {
    server_options.services.push_back(token_service.get());
  }
  ASSIGN_OR_RETURN(const auto server,
                   rpc::Server::Start(server_options, credentials,
                                      process.metrics(), process.log()));
  std::unique_ptr<rpc::AdminHttp> admin;
  if (!config.admin().address().empty()) {
    ASSIGN_OR_RETURN(
        admin,
        rpc::AdminHttp::Start(
            config.admin().address(), process.metrics(), [&]() -> absl::Status {
              if (issuers.from_signer()) return absl::OkStatus();
              return absl::UnavailableError("the signer has not answered yet");
            }));
    process.log().Info("watched", {{"http", admin->address()}});
  }
  server->SetServing(true);
  process.log().Info("serving");
  KeepIssuers(issuers, process);
  server->Stop(absl::Seconds(10));
  pool.Stop();  // Handlers have answered, but may not have returned.
  return absl::OkStatus();
}

}  // namespace chancery::authority
