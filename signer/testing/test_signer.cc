#include "signer/testing/test_signer.h"

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "base/status_macros.h"
#include "crypto/public_key.h"
#include "gtest/gtest.h"
#include "signer/issuer_record.h"

namespace chancery::signer::testing {
namespace {

std::string NewFolder() {
  std::string path = ::testing::TempDir() + "/crls-XXXXXX";
  return mkdtemp(path.data()) == nullptr ? "" : path;
}

}  // namespace

TestSigner::TestSigner(std::vector<Issuer> issuers,
                       const crypto::SigningKey& manifest_key, FakeDisk& disk,
                       base::testing::FakeClock& clock, base::Random& random)
    : issuers_(std::move(issuers)),
      manifest_key_(manifest_key),
      disk_(disk),
      clock_(clock),
      random_(random),
      crl_folder_(NewFolder()) {}

TestSigner::~TestSigner() {
  Kill();
  std::error_code ignored;
  std::filesystem::remove_all(crl_folder_, ignored);
}

absl::Status TestSigner::Start() {
  Kill();
  ASSIGN_OR_RETURN(
      ledger_, Ledger::Open(std::make_unique<FakeKvStore>(disk_), clock_, {}));
  absl::Status begun;
  if (standing_with_.has_value()) {
    standing_ = std::make_unique<Standing>(
        *ledger_, std::vector<crypto::PublicKey>{manifest_key_.public_key()},
        clock_, *standing_with_);
    begun = Tick();
  } else {
    begun = Serve();
  }
  if (!begun.ok()) Kill();
  return begun;
}

absl::Status TestSigner::Tick() {
  ASSIGN_OR_RETURN(const StandingReport report, standing_->Look());
  if (!report.active()) {
    StopServing();
    return absl::OkStatus();
  }
  return serving() ? absl::OkStatus() : Serve();
}

absl::Status TestSigner::Serve() {
  auto parts = std::make_unique<Parts>();
  std::vector<Issuer> divided;
  for (const Issuer& issuer : issuers_.all()) {
    if (issuer.crl_shards > 1) divided.push_back(issuer);
  }
  if (!divided.empty()) {
    RETURN_IF_ERROR(RecordIssuers(divided, *ledger_));
  }
  const auto wait = [this](absl::Time when) { clock_.WaitUntil(when); };
  parts->blocks =
      std::make_unique<BlockSigner>(*ledger_, issuers_, manifest_key_, clock_,
                                    BlockSigner::Options{.wait_until = wait});
  parts->issuance = std::make_unique<Issuance>(*ledger_, issuers_,
                                               *parts->blocks, clock_, random_);
  parts->limit = std::make_unique<RevocationLimit>(max_revocations_per_hour_);
  RETURN_IF_ERROR(parts->limit->CountFrom(*ledger_));
  parts->orders =
      std::make_unique<OrderVerifier>(service_ca_file_, roles_, clock_);
  parts->revocation = std::make_unique<Revocation>(
      *ledger_, issuers_, *parts->blocks, *parts->limit, clock_);
  parts->mass_revocation = std::make_unique<MassRevocation>(
      MassRevocation::Parts{.ledger = *ledger_,
                            .issuers = issuers_,
                            .blocks = *parts->blocks,
                            .limit = *parts->limit,
                            .orders = *parts->orders,
                            .clock = clock_});
  // No power is cut under the folder.
  ASSIGN_OR_RETURN(CrlFiles files, CrlFiles::Open(crl_folder_, false));
  parts->crl_files = std::make_unique<CrlFiles>(std::move(files));
  parts->crls = std::make_unique<CrlSigner>(
      *ledger_, issuers_, clock_, *parts->crl_files,
      CrlSigner::Options{.wait_until = wait, .after_step = after_crl_step_});
  RETURN_IF_ERROR(parts->crls->CleanUp());
  parts->importer = std::make_unique<Importer>(*ledger_, issuers_,
                                               parts->threads, clock_, true);
  parts->heads = std::make_unique<HeadSigner>(
      *ledger_, *parts->blocks, manifest_key_,
      HeadSigner::Options{.own_heads = standing_ == nullptr
                                           ? nullptr
                                           : &standing_->own_heads()});
  parts->roots = std::make_unique<RootSigner>(*ledger_, manifest_key_);
  parts_ = std::move(parts);
  return absl::OkStatus();
}

void TestSigner::StopServing() { parts_.reset(); }

absl::StatusOr<WholeCrl> TestSigner::SignCrl(const CrlRequest& request) {
  ASSIGN_OR_RETURN(SignedCrl made, crls().SignCrl(request));
  WholeCrl whole;
  static_cast<SignedCrl&>(whole) = std::move(made);
  whole.der.resize(whole.size);
  if (pread(whole.file->get(), whole.der.data(), whole.size, 0) !=
      static_cast<ssize_t>(whole.size)) {
    return absl::InternalError("CRL: its file is not as long as it says");
  }
  return whole;
}

void TestSigner::Kill() {
  StopServing();
  standing_.reset();
  ledger_.reset();
}

}  // namespace chancery::signer::testing
