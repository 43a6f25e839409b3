#include "signer/run.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/random.h"
#include "base/status_macros.h"
#include "block/key_set.h"
#include "block/key_set_file.h"
#include "chancery/config/signer.pb.h"
#include "crypto/key_source.h"
#include "rpc/admin_http.h"
#include "rpc/audit_log/open_configured.h"
#include "rpc/credentials.h"
#include "rpc/dispatcher.h"
#include "rpc/roles.h"
#include "rpc/server.h"
#include "rpc/worker_pool.h"
#include "signer/block_signer.h"
#include "signer/config.h"
#include "signer/crl_files.h"
#include "signer/crl_service.h"
#include "signer/crl_signer.h"
#include "signer/head_service.h"
#include "signer/head_signer.h"
#include "signer/head_ticker.h"
#include "signer/import_service.h"
#include "signer/importer.h"
#include "signer/issuance.h"
#include "signer/issuance_service.h"
#include "signer/issuer_record.h"
#include "signer/ledger/ledger.h"
#include "signer/ledger/rocksdb_store.h"
#include "signer/ledger_growth.h"
#include "signer/ledger_service.h"
#include "signer/mass_revocation.h"
#include "signer/offline_heads.h"
#include "signer/order_verifier.h"
#include "signer/own_certificates.h"
#include "signer/presign_service.h"
#include "signer/profiles.h"
#include "signer/revocation.h"
#include "signer/revocation_limit.h"
#include "signer/revocation_service.h"
#include "signer/signing_threads.h"

namespace chancery::signer {
namespace {

constexpr size_t kWorkers = 32;

void WaitUntil(absl::Time when) {
  const absl::Duration left = when - absl::Now();
  if (left > absl::ZeroDuration()) absl::SleepFor(left);
}

absl::StatusOr<std::unique_ptr<Ledger>> OpenLedger(
    const config::Signer& config, const rpc::Process& process) {
  RETURN_IF_ERROR(base::MakeDirectories(config.ledger_dir()));
  ASSIGN_OR_RETURN(auto store, OpenRocksDbStore(config.ledger_dir()));
  Ledger::Options options;
  if (config.max_clock_gap_hours() != 0) {
    options.max_clock_gap = absl::Hours(config.max_clock_gap_hours());
  }
  options.confirm_clock = process.HasSwitch("confirm-clock");
  return Ledger::Open(std::move(store), process.clock(), options);
}

int CountThreads(const config::Signer& config) {
  if (config.signing_threads() != 0)
    return static_cast<int>(config.signing_threads());
  return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

// Whether it is signed as it should be is for those to see who trust in it.
absl::StatusOr<uint64_t> KeySetVersion(const std::string& file) {
  if (file.empty()) return 0;
  ASSIGN_OR_RETURN(const std::string bytes, base::ReadFile(file));
  const auto version = [&]() -> absl::StatusOr<uint64_t> {
    ASSIGN_OR_RETURN(const block::KeySetFile parsed,
                     block::KeySetFile::Parse(base::AsBytes(bytes)));
    ASSIGN_OR_RETURN(const block::KeySet keys,
                     block::KeySet::Parse(base::AsBytes(parsed.message)));
    return keys.version;
  }();
  if (version.ok()) return version;
  return absl::Status(
      version.status().code(),
      absl::StrCat("key_set_file: ", file, ": ", version.status().message()));
}

HeadTicker::Options TickerOptions(const config::Signer& config,
                                  const rpc::Process& process) {
  HeadTicker::Options options;
  if (config.head_interval_seconds() != 0) {
    options.interval = absl::Seconds(config.head_interval_seconds());
  }
  options.failed = [&process](const absl::Status& why) {
    process.log().Error("head_not_signed", {{"why", why}});
  };
  return options;
}

}  // namespace

absl::Status Run(const config::Signer& config, rpc::Process& process) {
  if (config.has_air_gap()) {
    return absl::FailedPreconditionError(
        "air_gap: is set: this signer takes files, by `chancery airgap sign`");
  }
  ASSIGN_OR_RETURN(const rpc::Credentials credentials,
                   rpc::Credentials::Load(config.identity()));
  ASSIGN_OR_RETURN(const rpc::RoleTable roles,
                   rpc::RoleTable::Create(config.grant()));
  crypto::KeyOpener opener({.clock = &process.clock(),
                            .try_final_pin = process.HasSwitch("confirm-pin")});
  ASSIGN_OR_RETURN(std::vector<Issuer> loaded, LoadIssuers(config, opener));
  const IssuerTable issuers(std::move(loaded));
  ASSIGN_OR_RETURN(const auto manifest_key,
                   opener.Open(ToKeySource(config.manifest_key())));
  ASSIGN_OR_RETURN(const auto ledger, OpenLedger(config, process));
  process.log().Info("ledger opened", {{"entries", ledger->Head().size}});
  RETURN_IF_ERROR(RecordIssuers(issuers.all(), *ledger));
  RETURN_IF_ERROR(ledger->Execute(
      [](Transaction& tx) { return tx.FindCompromisedKeys(); }));
  ASSIGN_OR_RETURN(const Profiles profiles, LoadProfiles(config));
  for (const std::string& note : profiles.notes) {
    process.log().Warning("cfssl_config", {{"note", note}});
  }

  SigningThreads threads(CountThreads(config));
  BlockSigner blocks(*ledger, issuers, *manifest_key, process.clock(),
                     {.threads = &threads, .wait_until = WaitUntil});
  // Of their own: a new certificate does not queue behind whole blocks.
  SigningThreads issuing_threads(CountThreads(config));
  Issuance issuance(*ledger, issuers, blocks, process.clock(),
                    base::SystemRandom(), &issuing_threads);
  RevocationLimit limit(config.max_revocations_per_hour() == 0
                            ? RevocationLimit::kDefaultPerHour
                            : config.max_revocations_per_hour());
  RETURN_IF_ERROR(limit.CountFrom(*ledger));
  Revocation revocation(*ledger, issuers, blocks, limit, process.clock());
  const OrderVerifier orders(config.identity().trust_file(), roles,
                             process.clock());
  MassRevocation mass_revocation({.ledger = *ledger,
                                  .issuers = issuers,
                                  .blocks = blocks,
                                  .limit = limit,
                                  .orders = orders,
                                  .clock = process.clock()});
  ASSIGN_OR_RETURN(const CrlFiles crl_files,
                   CrlFiles::Open(config.ledger_dir() + "/crls"));
  CrlSigner crls(*ledger, issuers, process.clock(), crl_files,
                 {.wait_until = WaitUntil});
  RETURN_IF_ERROR(crls.CleanUp());
  Importer importer(*ledger, issuers, threads, process.clock(),
                    config.allow_import());

  ASSIGN_OR_RETURN(const uint64_t key_set_version,
                   KeySetVersion(config.key_set_file()));
  ASSIGN_OR_RETURN(
      const auto offline_heads,
      OfflineHeads::Open(
          {config.offline_head_file().begin(),
           config.offline_head_file().end()},
          config.key_set_file(),
          [&process](const std::string& file, const absl::Status& why) {
            process.log().Error("offline_head_refused",
                                {{"file", file}, {"why", why}});
          }));
  HeadSigner heads(*ledger, blocks, *manifest_key,
                   {.epoch = 1,
                    .key_set_version = key_set_version,
                    .others = [&] { return offline_heads->Read(); }});
  HeadTicker ticker(heads, TickerOptions(config, process));

  ASSIGN_OR_RETURN(const std::unique_ptr<rpc::AuditLog> audit,
                   rpc::OpenAuditLog(config.audit_log(), config.identity(),
                                     credentials.identity(), process.clock(),
                                     process.log()));
  rpc::WorkerPool pool(kWorkers);
  const rpc::Dispatcher dispatcher(pool, roles, process.log(), audit.get(),
                                   process.clock());
  const OwnCertificates own(*ledger, issuers);
  IssuanceService issuance_service(issuance, dispatcher);
  RevocationService revocation_service(revocation, mass_revocation, own,
                                       dispatcher,
                                       [&ticker] { ticker.Poke(); });
  PresignService presign_service(blocks, dispatcher);
  CrlService crl_service(crls, dispatcher);
  ImportService import_service(importer, dispatcher);
  LedgerGrowth growth(*ledger);
  LedgerService ledger_service(*ledger, growth, issuers, dispatcher);
  HeadService head_service(ticker, dispatcher);

  rpc::ServerOptions options;
  options.addresses = {config.listen().address().begin(),
                       config.listen().address().end()};
  options.services = {&issuance_service, &revocation_service, &presign_service,
                      &crl_service,      &import_service,     &ledger_service,
                      &head_service};
  ASSIGN_OR_RETURN(const auto server,
                   rpc::Server::Start(options, credentials, process.metrics(),
                                      process.log()));
  std::unique_ptr<rpc::AdminHttp> admin;
  if (!config.admin().address().empty()) {
    ASSIGN_OR_RETURN(admin, rpc::AdminHttp::Start(
                                config.admin().address(), process.metrics(),
                                [&] { return ledger->Read().status(); }));
  }
  const rpc::Gauge entries = process.metrics().AddGauge(
      "chancery_ledger_entries", "Entries in the ledger.");
  const rpc::Gauge commands = process.metrics().AddGauge(
      "chancery_ledger_commands",
      "Commands that the ledger has run since the start.");
  const rpc::Gauge groups = process.metrics().AddGauge(
      "chancery_ledger_groups",
      "Synced writes since the start; commands share them.");
  const rpc::Gauge revocations = process.metrics().AddGauge(
      "chancery_signer_revocations_last_hour",
      "Revocations and holds of the last hour that no order covers.");
  process.metrics()
      .AddGauge("chancery_signer_revocations_limit",
                "As many of them are recorded without an order.")
      .Set(static_cast<double>(limit.per_hour()));
  const rpc::Gauge head_at = process.metrics().AddGauge(
      "chancery_signer_head_at_seconds",
      "When the newest head was signed, seconds since 1970; 0: none was since "
      "the start.");
  const rpc::Gauge failing_keys =
      process.metrics().AddGauge("chancery_signer_keys_failing",
                                 "Keys in tokens that failed several times in "
                                 "a row and are tried only now "
                                 "and then.");
  const rpc::Gauge connections = process.metrics().AddGauge(
      "chancery_signer_token_connections",
      "Connections made to tokens since the start: one each if none was lost.");
  server->SetServing(true);
  absl::Status broken;
  do {
    revocations.Set(static_cast<double>(limit.Recorded(process.clock().Now())));
    entries.Set(static_cast<double>(ledger->Head().size));
    commands.Set(static_cast<double>(ledger->counters().commands));
    groups.Set(static_cast<double>(ledger->counters().groups));
    const crypto::Pkcs11Token::Health token = opener.TokenHealth();
    failing_keys.Set(token.failing_keys);
    connections.Set(static_cast<double>(token.connections));
    if (const auto head = heads.Newest(); head != nullptr) {
      head_at.Set(static_cast<double>(absl::ToUnixSeconds(head->head.time)));
    }
    // A write failed: only opening the ledger again tells what is in it, so
    // whoever supervises this process has to start it again.
    broken = ledger->Read().status();
  } while (!absl::IsUnavailable(broken) && process.SleepFor(absl::Seconds(1)));
  growth.Stop();
  server->Stop(absl::Seconds(10));
  pool.Stop();  // Handlers have answered, but may not have returned.
  return absl::IsUnavailable(broken) ? broken : absl::OkStatus();
}

}  // namespace chancery::signer
