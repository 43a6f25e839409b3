#ifndef CHANCERY_TESTS_MODEL_SIGNER_NODE_H_
#define CHANCERY_TESTS_MODEL_SIGNER_NODE_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "authority/signer_client.h"
#include "base/mutex.h"
#include "base/testing/fake_clock.h"
#include "refresher/signer_client.h"
#include "signer/ledger/testing/fake_kv_store.h"
#include "signer/testing/test_pki.h"
#include "signer/testing/test_signer.h"
#include "tests/model/checker.h"
#include "tests/model/dice.h"
#include "tests/model/network.h"

namespace chancery::model {

// The signer as a process: it can be killed, and its disk forgets what was not
// synced. Not thread-safe, but for what the signer itself does.
class SignerNode {
 public:
  // All must outlive this object. It runs.
  SignerNode(const signer::testing::TestPki& pki,
             base::testing::FakeClock& clock, Dice& dice, Checker& checker);
  ~SignerNode();

  // Kill, power loss, start.
  absl::Status Restart();
  // The power goes and nothing starts.
  void Crash();
  bool running() const { return core_.running(); }

  signer::testing::TestSigner& core() { return core_; }
  signer::testing::FakeDisk& disk() { return disk_; }
  const std::string& issuer_id() const { return issuer_id_; }
  Checker& checker() { return checker_; }

  // Runs once, in the middle of the next signature of a record, a CRL or a
  // certificate.
  void DuringNextSignature(std::function<void()> hook);

 private:
  class HookedKey;

  Checker& checker_;
  const std::string issuer_id_;
  base::Mutex mu_;
  // Of both keys; a signature takes it.
  std::function<void()> hook_ ABSL_GUARDED_BY(mu_);
  const std::shared_ptr<const crypto::SigningKey> key_;
  const std::shared_ptr<const crypto::SigningKey> ocsp_key_;
  signer::testing::FakeDisk disk_;
  signer::testing::TestSigner core_;
};

// The signer, as a refresher reaches it.
class RefresherSignerLink final : public refresher::SignerClient {
 public:
  RefresherSignerLink(SignerNode& signer, Network& network)
      : signer_(signer), network_(network) {}

  absl::StatusOr<refresher::SignedUpdates> SignBlock(
      const std::string& block_id) override;
  absl::StatusOr<refresher::SignedUpdates> GetBlock(
      const std::string& block_id, uint64_t have_version) override;
  absl::StatusOr<std::vector<refresher::ListedBlock>> ListBlocks() override;
  absl::StatusOr<std::unique_ptr<refresher::CrlDownload>> SignCrl(
      const refresher::CrlRequest& request) override;
  absl::StatusOr<refresher::LedgerPage> ReadEntries(
      uint64_t from, absl::Duration wait) override;
  absl::StatusOr<std::vector<refresher::ListedIssuer>> ListIssuers() override;
  // Has one signed.
  absl::StatusOr<std::optional<block::SignedHead>> GetHead(
      absl::Time after, absl::Duration wait) override;

 private:
  absl::StatusOr<refresher::SignedUpdates> Taken(
      absl::StatusOr<signer::BlockUpdates> from);

  SignerNode& signer_;
  Network& network_;
};

// The signer, as an authority reaches it.
class AuthoritySignerLink final : public authority::SignerClient {
 public:
  AuthoritySignerLink(SignerNode& signer, Network& network)
      : signer_(signer), network_(network) {}

  absl::StatusOr<authority::SignerIssuedBatch> IssueBatch(
      const std::vector<authority::SignerIssue>& requests) override;
  absl::StatusOr<authority::SignerStatus> Revoke(
      const authority::SignerRevoke& request) override;
  absl::StatusOr<authority::SignerStatus> Release(
      const authority::SignerRelease& request) override;
  absl::StatusOr<std::vector<storage::IssuerRow>> ListIssuers() override;

 private:
  SignerNode& signer_;
  Network& network_;
};

}  // namespace chancery::model

#endif  // CHANCERY_TESTS_MODEL_SIGNER_NODE_H_
