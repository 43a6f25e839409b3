#include "signer/run.h"

#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/random.h"
#include "base/status_macros.h"
#include "base/wait_until.h"
#include "block/key_set.h"
#include "chancery/config/signer.pb.h"
#include "crypto/key_source.h"
#include "crypto/public_key.h"
#include "crypto/signing_key.h"
#include "rpc/admin_http.h"
#include "rpc/audit_log/open_configured.h"
#include "rpc/credentials.h"
#include "rpc/dispatcher.h"
#include "rpc/gate.h"
#include "rpc/issue_rates.h"
#include "rpc/recall_issue_rates.h"
#include "rpc/roles.h"
#include "rpc/server.h"
#include "rpc/worker_pool.h"
#include "signer/await_active.h"
#include "signer/block_signer.h"
#include "signer/catch_up_service.h"
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
#include "signer/key_purposes.h"
#include "signer/ledger/ledger.h"
#include "signer/ledger/rocksdb_store.h"
#include "signer/ledger_growth.h"
#include "signer/ledger_service.h"
#include "signer/manifest_key_watch.h"
#include "signer/manifest_keys.h"
#include "signer/mass_revocation.h"
#include "signer/ocsp_key_rotation.h"
#include "signer/offline_heads.h"
#include "signer/order_verifier.h"
#include "signer/own_certificates.h"
#include "signer/presign_service.h"
#include "signer/profiles.h"
#include "signer/revocation.h"
#include "signer/revocation_limit.h"
#include "signer/revocation_service.h"
#include "signer/root_signer.h"
#include "signer/rotation_ticker.h"
#include "signer/signer_gauges.h"
#include "signer/signing_threads.h"
#include "signer/standing.h"
#include "signer/token_head.h"
#include "signer/token_head_ticker.h"

namespace chancery::signer {
namespace {

constexpr size_t kWorkers = 32;

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

// `chancery init` leaves it beside an empty ledger: nobody holds a head of that
// yet. It goes when somebody does.
std::string FirstStartFile(const config::Signer& config) {
  return config.ledger_dir() + "/first-start";
}

Standing::Options StandingOptions(const config::Signer& config) {
  Standing::Options options;
  options.await_head =
      config.await_head() && !std::filesystem::exists(FirstStartFile(config));
  options.standby = config.standby();
  const uint32_t interval = config.head_interval_seconds();
  options.quiet_after = absl::Seconds(2 * (interval == 0 ? 60 : interval) + 2);
  return options;
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

// What lasts from the start to the end, whether it may sign or not.
struct Lasting {
  const config::Signer& config;
  const rpc::Credentials& credentials;
  const rpc::RoleTable& roles;
  rpc::GateMemory memory;
  IssuerTable& issuers;
  const ManifestKeys& manifest_keys;
  Ledger& ledger;
  Standing& standing;
  TokenHead* token_head;  // Null: none is kept.
  crypto::KeyOpener& opener;
  rpc::Process& process;
};

// Null if no issuer rotates its OCSP key. All have one when this returns.
absl::StatusOr<std::unique_ptr<OcspKeyRotation>> BeginRotation(
    const Lasting& lasting) {
  if (!lasting.config.has_ocsp_key_rotation()) return nullptr;
  ASSIGN_OR_RETURN(OcspKeyRotation::Options options,
                   ToOcspRotation(lasting.config, lasting.opener));
  auto rotation = std::make_unique<OcspKeyRotation>(
      lasting.issuers, lasting.ledger, lasting.process.clock(),
      base::SystemRandom(), std::move(options));
  if (!rotation->any()) return nullptr;
  RETURN_IF_ERROR(rotation->Step().status());
  return rotation;
}

// The calls that it takes, and what only they use.
class Services {
 public:
  struct Parts {
    BlockSigner& blocks;
    Issuance& issuance;
    Revocation& revocation;
    MassRevocation& mass_revocation;
    CrlSigner& crls;
    Importer& importer;
    HeadTicker& heads;
    const crypto::SigningKey& manifest_key;
  };

  // All must outlive this object.
  Services(const Lasting& lasting, const Parts& parts,
           const rpc::Dispatcher& dispatcher)
      : own_(lasting.ledger, lasting.issuers),
        issuance_(parts.issuance, dispatcher),
        revocation_(parts.revocation, parts.mass_revocation, own_, dispatcher,
                    [&heads = parts.heads] { heads.Poke(); }),
        presign_(parts.blocks, dispatcher),
        crl_(parts.crls, dispatcher),
        import_(parts.importer, dispatcher),
        growth_(lasting.ledger),
        roots_(lasting.ledger, parts.manifest_key),
        ledger_(lasting.ledger, growth_, roots_, lasting.issuers, dispatcher),
        head_(parts.heads, dispatcher),
        catch_up_(lasting.standing, dispatcher) {}

  std::vector<grpc::Service*> All() {
    return {&issuance_, &revocation_, &presign_, &crl_,
            &import_,   &ledger_,     &head_,    &catch_up_};
  }
  // Ends the calls that wait for the ledger to grow.
  void Stop() { growth_.Stop(); }

 private:
  const OwnCertificates own_;
  IssuanceService issuance_;
  RevocationService revocation_;
  PresignService presign_;
  CrlService crl_;
  ImportService import_;
  LedgerGrowth growth_;
  RootSigner roots_;
  LedgerService ledger_;
  HeadService head_;
  CatchUpService catch_up_;
};

// Signs until the process is to stop; until it may sign no more: then the
// ledger is barred; or until another manifest key is to sign, or the key set is
// another one. In all of these it returns OK.
absl::Status Serve(const Lasting& lasting) {
  const config::Signer& config = lasting.config;
  const rpc::RoleTable& roles = lasting.roles;
  IssuerTable& issuers = lasting.issuers;
  ManifestKeyWatch manifest_key_watch(lasting.manifest_keys,
                                      config.key_set_file(), lasting.process);
  ASSIGN_OR_RETURN(const ManifestKeys::Choice choice,
                   manifest_key_watch.Choose());
  const crypto::SigningKey* const manifest_key =
      &lasting.manifest_keys.at(choice.number);
  Ledger* const ledger = &lasting.ledger;
  rpc::Process& process = lasting.process;
  RETURN_IF_ERROR(RecordIssuers(issuers.all(), *ledger));
  RETURN_IF_ERROR(ledger->Execute(
      [](Transaction& tx) { return tx.FindCompromisedKeys(); }));
  ASSIGN_OR_RETURN(const auto rotation, BeginRotation(lasting));
  SigningThreads threads(CountSigningThreads(config));
  BlockSigner blocks(*ledger, issuers, *manifest_key, process.clock(),
                     {.threads = &threads, .wait_until = base::WaitUntil});
  // Of their own: a new certificate does not queue behind whole blocks.
  SigningThreads issuing_threads(CountSigningThreads(config));
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
                 {.wait_until = base::WaitUntil});
  RETURN_IF_ERROR(crls.CleanUp());
  Importer importer(*ledger, issuers, threads, process.clock(),
                    config.allow_import());

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
                   {.key_set_version = choice.key_set_version,
                    .others = [&] { return offline_heads->Read(); },
                    .own_heads = &lasting.standing.own_heads()});
  HeadTicker ticker(heads, TickerOptions(config, process));

  rpc::WorkerPool pool(kWorkers);
  const rpc::Dispatcher dispatcher(pool, roles, process.log(), lasting.memory,
                                   process.clock());
  Services services(lasting,
                    {.blocks = blocks,
                     .issuance = issuance,
                     .revocation = revocation,
                     .mass_revocation = mass_revocation,
                     .crls = crls,
                     .importer = importer,
                     .heads = ticker,
                     .manifest_key = *manifest_key},
                    dispatcher);

  rpc::ServerOptions options;
  options.addresses = {config.listen().address().begin(),
                       config.listen().address().end()};
  options.services = services.All();
  ASSIGN_OR_RETURN(const auto server,
                   rpc::Server::Start(options, lasting.credentials,
                                      process.metrics(), process.log()));
  std::unique_ptr<rpc::AdminHttp> admin;
  if (!config.admin().address().empty()) {
    ASSIGN_OR_RETURN(admin, rpc::AdminHttp::Start(
                                config.admin().address(), process.metrics(),
                                [&] { return ledger->Read().status(); }));
  }
  SignerGauges gauges(process.metrics(), {.ledger = *ledger,
                                          .limit = limit,
                                          .heads = heads,
                                          .opener = lasting.opener});
  RotationTicker rotation_ticker(rotation.get(), process);
  TokenHeadTicker token_head_ticker(lasting.token_head, process);
  server->SetServing(true);
  absl::Status broken;
  bool same_key = true;
  bool shown = false;
  do {
    rotation_ticker.Tick();
    if (!shown && lasting.standing.was_shown()) {
      shown = true;
      std::error_code ignored;
      std::filesystem::remove(FirstStartFile(config), ignored);
    }
    same_key = manifest_key_watch.Holds(choice);
    gauges.Update(process.clock().Now());
    token_head_ticker.Tick(heads.Newest().get());
    // A write failed: only opening the ledger again tells what is in it, so
    // whoever supervises this process has to start it again.
    broken = ledger->Read().status();
  } while (!absl::IsUnavailable(broken) && ledger->barred().ok() && same_key &&
           process.SleepFor(absl::Seconds(1)));
  if (!same_key) process.log().Info("key_set_changed");
  services.Stop();
  server->Stop(absl::Seconds(10));
  pool.Stop();  // Handlers have answered, but may not have returned.
  return absl::IsUnavailable(broken) ? broken : absl::OkStatus();
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
  IssuerTable issuers(std::move(loaded));
  std::vector<std::shared_ptr<const crypto::SigningKey>> keys;
  ASSIGN_OR_RETURN(keys.emplace_back(),
                   opener.Open(ToKeySource(config.manifest_key())));
  if (config.has_next_manifest_key()) {
    ASSIGN_OR_RETURN(keys.emplace_back(),
                     opener.Open(ToKeySource(config.next_manifest_key())));
  }
  std::vector<crypto::PublicKey> publics;
  for (const auto& key : keys) publics.push_back(key->public_key());
  RETURN_IF_ERROR(CheckKeyPurposes(issuers.all(), publics));
  const ManifestKeys manifest_keys(std::move(keys));
  ASSIGN_OR_RETURN(const block::KeySet key_set,
                   ReadKeySet(config.key_set_file()));
  ASSIGN_OR_RETURN(const std::vector<crypto::PublicKey> believed,
                   manifest_keys.AllWith(key_set));
  ASSIGN_OR_RETURN(const auto ledger, OpenLedger(config, process));
  process.log().Info("ledger opened", {{"entries", ledger->Head().size}});
  ASSIGN_OR_RETURN(const Profiles profiles, LoadProfiles(config));
  for (const std::string& note : profiles.notes) {
    process.log().Warning("cfssl_config", {{"note", note}});
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<rpc::AuditLog> audit,
                   rpc::OpenAuditLog(config.audit_log(), config.identity(),
                                     credentials.identity(), process.clock(),
                                     process.log()));
  rpc::IssueRates rates;
  RETURN_IF_ERROR(rpc::RecallIssueRates(config.audit_log().path(), roles,
                                        process.clock().Now(), rates));
  const rpc::GateMemory memory{.audit = audit.get(), .rates = &rates};
  Standing standing(*ledger, believed, process.clock(),
                    StandingOptions(config));
  ASSIGN_OR_RETURN(
      const auto token_head,
      OpenTokenHead(config,
                    {.signer = credentials.identity().uri, .keys = believed},
                    opener, standing, process));
  while (true) {
    ASSIGN_OR_RETURN(const bool active, AwaitActive({.config = config,
                                                     .credentials = credentials,
                                                     .roles = roles,
                                                     .memory = memory,
                                                     .process = process,
                                                     .standing = standing}));
    if (!active) return absl::OkStatus();
    RETURN_IF_ERROR(Serve({.config = config,
                           .credentials = credentials,
                           .roles = roles,
                           .memory = memory,
                           .issuers = issuers,
                           .manifest_keys = manifest_keys,
                           .ledger = *ledger,
                           .standing = standing,
                           .token_head = token_head.get(),
                           .opener = opener,
                           .process = process}));
    if (process.stop().stop_requested()) return absl::OkStatus();
  }
}

}  // namespace chancery::signer
