#ifndef CHANCERY_SIGNER_TESTING_TEST_SIGNER_H_
#define CHANCERY_SIGNER_TESTING_TEST_SIGNER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/random.h"
#include "base/testing/fake_clock.h"
#include "crypto/signing_key.h"
#include "rpc/roles.h"
#include "signer/block_signer.h"
#include "signer/crl_files.h"
#include "signer/crl_signer.h"
#include "signer/head_signer.h"
#include "signer/importer.h"
#include "signer/issuance.h"
#include "signer/issuer.h"
#include "signer/ledger/ledger.h"
#include "signer/ledger/testing/fake_kv_store.h"
#include "signer/mass_revocation.h"
#include "signer/order_verifier.h"
#include "signer/revocation.h"
#include "signer/revocation_limit.h"
#include "signer/root_signer.h"
#include "signer/signing_threads.h"
#include "signer/standing.h"

namespace chancery::signer::testing {

// With its bytes in memory.
struct WholeCrl : SignedCrl {
  std::string der = {};
};

// The whole signer but its services, over a disk that can crash. Where the real
// one waits for the next second, it moves the clock.
class TestSigner {
 public:
  // All must outlive this object. Not started yet.
  TestSigner(std::vector<Issuer> issuers,
             const crypto::SigningKey& manifest_key, FakeDisk& disk,
             base::testing::FakeClock& clock,
             base::Random& random = base::SystemRandom());
  ~TestSigner();

  // From the next start on: the limit, and who may sign orders.
  void set_max_revocations_per_hour(uint64_t number) {
    max_revocations_per_hour_ = number;
  }
  void TrustOrders(std::string service_ca_file, rpc::RoleTable roles) {
    service_ca_file_ = std::move(service_ca_file);
    roles_ = std::move(roles);
  }

  // From the next start on it serves only while its standing lets it, as the
  // real one: begins and ends with Tick.
  void StandWith(const Standing::Options& options) { standing_with_ = options; }

  // Opens the ledger from what is on the disk, as after a restart. Issuers with
  // one CRL have no entry there, as in ledgers from before there were any.
  absl::Status Start();
  // Looks at the standing, which may have changed. Unavailable: the ledger, of
  // which a write failed: whoever supervises the process starts it again.
  absl::Status Tick();
  // As kill -9: nothing is written any more.
  void Kill();
  bool running() const { return ledger_ != nullptr; }
  bool serving() const { return parts_ != nullptr; }

  // Of a signer that runs.
  Ledger& ledger() { return *ledger_; }
  Standing& standing() { return *standing_; }

  // Of one that serves.
  BlockSigner& blocks() { return *parts_->blocks; }
  Issuance& issuance() { return *parts_->issuance; }
  Revocation& revocation() { return *parts_->revocation; }
  MassRevocation& mass_revocation() { return *parts_->mass_revocation; }
  CrlSigner& crls() { return *parts_->crls; }
  absl::StatusOr<WholeCrl> SignCrl(const CrlRequest& request);
  // Where its CRLs are.
  const std::string& crl_folder() const { return crl_folder_; }
  // Called as CrlSigner::Options says, from the next start on.
  void set_after_crl_step(std::function<void(const char* step)> after_step) {
    after_crl_step_ = std::move(after_step);
  }
  Importer& importer() { return *parts_->importer; }
  HeadSigner& heads() { return *parts_->heads; }
  RootSigner& roots() { return *parts_->roots; }
  const IssuerTable& issuers() const { return issuers_; }
  IssuerTable& issuers() { return issuers_; }

 private:
  struct Parts {
    SigningThreads threads{0};
    std::unique_ptr<BlockSigner> blocks;
    std::unique_ptr<Issuance> issuance;
    std::unique_ptr<RevocationLimit> limit;
    std::unique_ptr<OrderVerifier> orders;
    std::unique_ptr<Revocation> revocation;
    std::unique_ptr<MassRevocation> mass_revocation;
    std::unique_ptr<CrlFiles> crl_files;
    std::unique_ptr<CrlSigner> crls;
    std::unique_ptr<Importer> importer;
    std::unique_ptr<HeadSigner> heads;
    std::unique_ptr<RootSigner> roots;
  };

  absl::Status Serve();
  void StopServing();

  IssuerTable issuers_;
  const crypto::SigningKey& manifest_key_;
  FakeDisk& disk_;
  base::testing::FakeClock& clock_;
  base::Random& random_;
  uint64_t max_revocations_per_hour_ = 1'000'000;
  std::string service_ca_file_;
  rpc::RoleTable roles_;
  const std::string crl_folder_;
  std::function<void(const char* step)> after_crl_step_;
  std::optional<Standing::Options> standing_with_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<Standing> standing_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace chancery::signer::testing

#endif  // CHANCERY_SIGNER_TESTING_TEST_SIGNER_H_
