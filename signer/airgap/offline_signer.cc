#include "signer/airgap/offline_signer.h"

#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "base/wait_until.h"
#include "block/key_set.h"
#include "chancery/config/signer.pb.h"
#include "crypto/key_source.h"
#include "signer/airgap/operators.h"
#include "signer/config.h"
#include "signer/crl_files.h"
#include "signer/key_purposes.h"
#include "signer/ledger/rocksdb_store.h"
#include "signer/manifest_keys.h"
#include "signer/revocation_limit.h"
#include "signer/signing_threads.h"

namespace chancery::signer {
namespace {

// Each is signed once and written once, in this order: there is nothing to
// remember, and a walk may sign as many as there are.
constexpr size_t kMaxDecoded = 16;

absl::StatusOr<std::unique_ptr<Ledger>> OpenLedger(const config::Signer& config,
                                                   const base::Clock& clock) {
  RETURN_IF_ERROR(base::MakeDirectories(config.ledger_dir()));
  ASSIGN_OR_RETURN(auto store, OpenRocksDbStore(config.ledger_dir()));
  // Months lie between two uses: the clock is held against the request's head
  // instead (TRUST 10).
  Ledger::Options options;
  options.max_clock_gap = absl::InfiniteDuration();
  return Ledger::Open(std::move(store), clock, options);
}

// Members in the order in which they need one another.
class Assembled final : public OfflineSigner {
 public:
  Assembled(std::vector<Issuer> issuers,
            std::unique_ptr<crypto::SigningKey> manifest_key,
            std::unique_ptr<Ledger> ledger, CrlFiles crl_files, int threads,
            uint64_t key_set_version, airgap::ExchangeFolder folder,
            RequestSigner::Options options, const base::Clock& clock,
            base::Random& random)
      : issuers_(std::move(issuers)),
        manifest_key_(std::move(manifest_key)),
        ledger_(std::move(ledger)),
        crl_files_(std::move(crl_files)),
        threads_(threads),
        blocks_(*ledger_, issuers_, *manifest_key_, clock,
                {.threads = &threads_,
                 .wait_until = base::WaitUntil,
                 .max_decoded = kMaxDecoded}),
        issuance_(*ledger_, issuers_, blocks_, clock, random),
        // k of n operators order what is done here.
        limit_(std::numeric_limits<uint64_t>::max()),
        revocation_(*ledger_, issuers_, blocks_, limit_, clock),
        crls_(*ledger_, issuers_, clock, crl_files_,
              {.wait_until = base::WaitUntil}),
        heads_(*ledger_, blocks_, *manifest_key_,
               {.key_set_version = key_set_version, .offline = true}),
        folder_(std::move(folder)),
        requests_({.ledger = *ledger_,
                   .issuers = issuers_,
                   .blocks = blocks_,
                   .issuance = issuance_,
                   .revocation = revocation_,
                   .crls = crls_,
                   .heads = heads_,
                   .manifest_key = *manifest_key_,
                   .clock = clock},
                  folder_, std::move(options)) {}

  absl::Status CleanUp() { return crls_.CleanUp(); }
  RequestSigner& requests() override { return requests_; }

 private:
  const IssuerTable issuers_;
  const std::unique_ptr<crypto::SigningKey> manifest_key_;
  const std::unique_ptr<Ledger> ledger_;
  const CrlFiles crl_files_;
  SigningThreads threads_;
  BlockSigner blocks_;
  Issuance issuance_;
  RevocationLimit limit_;
  Revocation revocation_;
  CrlSigner crls_;
  HeadSigner heads_;
  airgap::ExchangeFolder folder_;
  RequestSigner requests_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<OfflineSigner>> OfflineSigner::Open(
    const config::Signer& config, bool confirm_clock, const base::Clock& clock,
    base::Random& random) {
  RETURN_IF_ERROR(CheckConfig(config));
  if (!config.has_air_gap()) {
    return absl::FailedPreconditionError(
        "air_gap: not set: this is the configuration of a signer that is "
        "called");
  }
  RequestSigner::Options options{.channel = config.air_gap().channel(),
                                 .operators = {},
                                 .confirm_clock = confirm_clock};
  ASSIGN_OR_RETURN(options.operators, LoadOperators(config.air_gap()));
  ASSIGN_OR_RETURN(const block::KeySet key_set,
                   ReadKeySet(config.key_set_file()));
  crypto::KeyOpener opener;
  ASSIGN_OR_RETURN(std::vector<Issuer> issuers, LoadIssuers(config, opener));
  ASSIGN_OR_RETURN(std::unique_ptr<crypto::SigningKey> manifest_key,
                   opener.Open(ToKeySource(config.manifest_key())));
  RETURN_IF_ERROR(CheckKeyPurposes(issuers, {manifest_key->public_key()}));
  ASSIGN_OR_RETURN(std::unique_ptr<Ledger> ledger, OpenLedger(config, clock));
  ASSIGN_OR_RETURN(CrlFiles crl_files,
                   CrlFiles::Open(config.ledger_dir() + "/crls"));
  ASSIGN_OR_RETURN(airgap::ExchangeFolder folder,
                   airgap::ExchangeFolder::Open(config.ledger_dir() + "/airgap",
                                                options.channel));
  auto signer = std::make_unique<Assembled>(
      std::move(issuers), std::move(manifest_key), std::move(ledger),
      std::move(crl_files), CountSigningThreads(config), key_set.version,
      std::move(folder), std::move(options), clock, random);
  RETURN_IF_ERROR(signer->CleanUp());
  return signer;
}

}  // namespace chancery::signer
