#include "signer/testing/test_signer.h"

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "base/status_macros.h"
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
  std::error_code ignored;
  std::filesystem::remove_all(crl_folder_, ignored);
}

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
  // No power is cut under the folder.
  ASSIGN_OR_RETURN(CrlFiles files, CrlFiles::Open(crl_folder_, false));
  parts->crl_files = std::make_unique<CrlFiles>(std::move(files));
  parts->crls = std::make_unique<CrlSigner>(
      *parts->ledger, issuers_, clock_, *parts->crl_files,
      CrlSigner::Options{.wait_until = wait, .after_step = after_crl_step_});
  RETURN_IF_ERROR(parts->crls->CleanUp());
  parts->importer = std::make_unique<Importer>(*parts->ledger, issuers_,
                                               parts->threads, clock_, true);
  parts->heads = std::make_unique<HeadSigner>(
      *parts->ledger, *parts->blocks, manifest_key_, HeadSigner::Options());
  parts->roots = std::make_unique<RootSigner>(*parts->ledger, manifest_key_);
  parts_ = std::move(parts);
  return absl::OkStatus();
}

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

void TestSigner::Kill() { parts_.reset(); }

}  // namespace chancery::signer::testing
