#ifndef CHANCERY_TESTS_MODEL_SIGNER_NODE_H_
#define CHANCERY_TESTS_MODEL_SIGNER_NODE_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "authority/signer_client.h"
#include "base/mutex.h"
#include "base/testing/fake_clock.h"
#include "crypto/signing_key.h"
#include "refresher/catch_up_client.h"
#include "refresher/signer_client.h"
#include "signer/ledger/testing/fake_kv_store.h"
#include "signer/testing/test_pki.h"
#include "signer/testing/test_signer.h"
#include "tests/model/checker.h"
#include "tests/model/dice.h"
#include "tests/model/network.h"

namespace chancery::model {

// What is in a signer's ledger folder.
struct LedgerCopy {
  signer::testing::FakeDisk::Rows rows = {};
  // The file that says that nobody can have a head of it yet.
  bool first_start = true;
};

// The signer as a process: it can be killed, and its disk forgets what was not
// synced. Once others have heads of it, it awaits one after each start. Not
// thread-safe, but for what the signer itself does.
class SignerNode {
 public:
  struct Options {
    bool standby = false;
    LedgerCopy ledger = {};
    // A head that it did not make says so long that its maker lives.
    absl::Duration quiet_after = absl::Minutes(1);
  };

  // All must outlive this object. It runs.
  SignerNode(Options options, const signer::testing::TestPki& pki,
             base::testing::FakeClock& clock, Dice& dice, Checker& checker);
  ~SignerNode();

  // Kill, power loss, start.
  absl::Status Restart();
  // The power goes and nothing starts.
  void Crash();
  // Power loss; then somebody puts another copy of the ledger there.
  absl::Status RestoreFrom(const LedgerCopy& copy);
  LedgerCopy Copy() const;
  // An operator says that nobody can have a head.
  absl::Status StartAsTheFirst();
  // What its loop does each second: begins to serve when it may, ends when it
  // may not. It is started again if its disk has failed.
  void Tick();

  bool running() const { return core_.running(); }
  bool serving() const { return core_.serving(); }
  // It serves, and has not been told yet that it may not.
  bool may_sign();
  bool first_start() const { return ledger_.first_start; }

  signer::testing::TestSigner& core() { return core_; }
  signer::testing::FakeDisk& disk() { return disk_; }
  const std::string& issuer_id() const { return issuer_id_; }
  Checker& checker() { return checker_; }

  // Runs once, in the middle of the next signature of a record, a CRL or a
  // certificate.
  void DuringNextSignature(std::function<void()> hook);

  // What its keys are watched for; Report tells the checker. From now on it
  // breaks a rule if it signs anything with fewer entries than these.
  void MustHave(uint64_t entries) { must_have_ = entries; }
  // It breaks a rule if it signs anything; empty: it does not.
  void MustNotSign(std::string why);
  void Report();
  // Whether what it signs is what others should believe.
  void Believe(bool believed) { believed_ = believed; }
  bool believed() const { return believed_; }

 private:
  class WatchedKey;

  absl::Status Start();
  void Watch();

  Checker& checker_;
  const Options options_;
  const std::string issuer_id_;
  LedgerCopy ledger_;  // But for the rows.
  bool believed_ = true;
  std::atomic<uint64_t> must_have_ = 0;
  base::Mutex mu_;
  // Of both keys; a signature takes it.
  std::function<void()> hook_ ABSL_GUARDED_BY(mu_);
  std::string must_not_sign_ ABSL_GUARDED_BY(mu_);
  std::string broken_rule_ ABSL_GUARDED_BY(mu_);
  const std::shared_ptr<const crypto::SigningKey> key_;
  const std::shared_ptr<const crypto::SigningKey> ocsp_key_;
  const std::shared_ptr<const crypto::SigningKey> manifest_key_;
  signer::testing::FakeDisk disk_;
  signer::testing::TestSigner core_;
};

// Where a signer is looked for: after a promotion the name leads to another.
struct SignerAddress {
  SignerNode* at = nullptr;  // Null: nobody is there.

  SignerNode* Serving() const {
    return at != nullptr && at->serving() ? at : nullptr;
  }
};

// The signer, as a refresher reaches it.
class RefresherSignerLink final : public refresher::SignerClient {
 public:
  RefresherSignerLink(const SignerAddress& address, Network& network)
      : address_(address), network_(network) {}

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
  const SignerAddress& address_;
  Network& network_;
};

// A signer that may not sign yet, as a refresher or an operator reaches it.
class CatchUpLink final : public refresher::CatchUpClient {
 public:
  CatchUpLink(const SignerAddress& address, Network& network)
      : address_(address), network_(network) {}

  absl::StatusOr<refresher::SignerStanding> Show(
      const std::string& head, const std::string& ledger_root) override;
  absl::StatusOr<refresher::SignerStanding> AddEntries(
      uint64_t from, const std::vector<std::string>& entries,
      const std::string& ledger_root) override;
  absl::StatusOr<refresher::SignerStanding> Promote() override;

 private:
  const SignerAddress& address_;
  Network& network_;
};

// The signer, as an authority reaches it.
class AuthoritySignerLink final : public authority::SignerClient {
 public:
  AuthoritySignerLink(const SignerAddress& address, Network& network)
      : address_(address), network_(network) {}

  absl::StatusOr<authority::SignerIssuedBatch> IssueBatch(
      const std::vector<authority::SignerIssue>& requests) override;
  absl::StatusOr<authority::SignerStatus> Revoke(
      const authority::SignerRevoke& request) override;
  absl::StatusOr<authority::SignerStatus> Release(
      const authority::SignerRelease& request) override;
  absl::StatusOr<std::vector<storage::IssuerRow>> ListIssuers() override;

 private:
  const SignerAddress& address_;
  Network& network_;
};

}  // namespace chancery::model

#endif  // CHANCERY_TESTS_MODEL_SIGNER_NODE_H_
