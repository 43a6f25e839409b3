#include "signer/testing/test_signer.h"

#include <utility>

#include "base/status_macros.h"
#include "signer/issuer_record.h"

namespace chancery::signer::testing {

TestSigner::TestSigner(std::vector<Issuer> issuers,
                       const crypto::SigningKey& manifest_key, FakeDisk& disk,
                       base::testing::FakeClock& clock, base::Random& random)
    : issuers_(std::move(issuers)),
      manifest_key_(manifest_key),
      disk_(disk),
      clock_(clock),
      random_(random) {}

absl::Status TestSigner::Start() {
  parts_.reset();
  auto parts = std::make_unique<Parts>();
  ASSIGN_OR_RETURN(
      parts->ledger,
      Ledger::Open(std::make_unique<FakeKvStore>(disk_), clock_, {}));
  std::vector<Issuer> divided;
  for (const Issuer& issuer : issuers_.all()) {
    if (issuer.crl_shards > 1) divided.push_back(issuer);
  }
  if (!divided.empty()) {
    RETURN_IF_ERROR(RecordIssuers(divided, *parts->ledger));
  }
  const auto wait = [this](absl::Time when) { clock_.WaitUntil(when); };
  parts->blocks = std::make_unique<BlockSigner>(
      *parts->ledger, issuers_, manifest_key_, clock_,
      BlockSigner::Options{.wait_until = wait});
  parts->issuance = std::make_unique<Issuance>(*parts->ledger, issuers_,
                                               *parts->blocks, clock_, random_);
  parts->limit = std::make_unique<RevocationLimit>(max_revocations_per_hour_);
  RETURN_IF_ERROR(parts->limit->CountFrom(*parts->ledger));
  parts->orders =
      std::make_unique<OrderVerifier>(service_ca_file_, roles_, clock_);
  parts->revocation = std::make_unique<Revocation>(
      *parts->ledger, issuers_, *parts->blocks, *parts->limit, clock_);
  parts->mass_revocation = std::make_unique<MassRevocation>(
      MassRevocation::Parts{.ledger = *parts->ledger,
                            .issuers = issuers_,
                            .blocks = *parts->blocks,
                            .limit = *parts->limit,
                            .orders = *parts->orders,
                            .clock = clock_});
  parts->crls =
      std::make_unique<CrlSigner>(*parts->ledger, issuers_, clock_, wait);
  parts->importer = std::make_unique<Importer>(*parts->ledger, issuers_,
                                               parts->threads, clock_, true);
  parts->heads = std::make_unique<HeadSigner>(
      *parts->ledger, *parts->blocks, manifest_key_, HeadSigner::Options());
  parts_ = std::move(parts);
  return absl::OkStatus();
}

void TestSigner::Kill() { parts_.reset(); }

}  // namespace chancery::signer::testing
