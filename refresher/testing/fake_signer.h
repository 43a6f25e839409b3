#ifndef CHANCERY_REFRESHER_TESTING_FAKE_SIGNER_H_
#define CHANCERY_REFRESHER_TESTING_FAKE_SIGNER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "block/block.h"
#include "ledger/entry.h"
#include "refresher/signer_client.h"
#include "refresher/testing/fake_issuer.h"

namespace chancery::refresher::testing {

// A signer in memory: real certificates, blocks, deltas and ledger entries of
// one issuer; CRLs are text. Thread-safe.
class FakeSigner final : public SignerClient {
 public:
  // `clock` must outlive it.
  explicit FakeSigner(const base::Clock& clock);

  const ListedIssuer& issuer() const { return issuer_.listed(); }
  void SetCrlShards(uint32_t shards);
  void SetDeltaCrls(bool has_delta_crls);

  // What authorities do. Each that signs returns the update it made.
  std::string AddBlock(uint32_t members);  // Signed; returns its id.
  block::Update Issue(const std::string& block_id);
  block::Update Change(const std::string& block_id, uint32_t place,
                       ledger::StatusChange change);
  block::Update Revoke(const std::string& block_id, uint32_t place) {
    return Change(block_id, place, ledger::StatusChange::kRevoke);
  }
  // All of its certificates have expired: there is nothing to sign any more.
  void EndBlock(const std::string& block_id);
  // Into the ledger only, as when the signer dies before it signs the record.
  void IssueUnsigned(const std::string& block_id);
  void RevokeUnsigned(const std::string& block_id, uint32_t place);

  // What becomes of the ledger.
  void AppendRaw(std::string bytes);
  void Truncate(uint64_t size);
  uint64_t ledger_size() const;

  // Failures. `method` is a method's name, "" all; OK heals.
  void Fail(const std::string& method, absl::Status status);
  void RefuseBlock(const std::string& block_id, absl::Status status);
  // Another manifest key signs from now on: ListBlocks says so of each block
  // until SignBlock has signed it.
  void ChangeManifestKey();
  // SignBlock answers about this block with another version than it signed.
  void AnswerWithAnother(const std::string& block_id);
  void SetPageSize(size_t entries);

  std::string Serial(const std::string& block_id, uint32_t place) const;
  std::string Der(const std::string& block_id, uint32_t place) const;
  uint64_t Version(const std::string& block_id) const;
  // The block as it is, whole.
  std::string Content(const std::string& block_id) const;
  int calls(const std::string& method) const;
  std::vector<std::string> signed_blocks() const;  // By SignBlock, in order.

  absl::StatusOr<SignedUpdates> SignBlock(const std::string& block_id) override;
  absl::StatusOr<SignedUpdates> GetBlock(const std::string& block_id,
                                         uint64_t have_version) override;
  absl::StatusOr<std::vector<ListedBlock>> ListBlocks() override;
  absl::StatusOr<std::unique_ptr<CrlDownload>> SignCrl(
      const CrlRequest& request) override;
  // Does not wait, but says for how long it was asked to last.
  absl::StatusOr<LedgerPage> ReadEntries(uint64_t from,
                                         absl::Duration wait) override;
  absl::Duration last_wait() const;
  // Called, without a lock, before ReadEntries answers.
  void BeforeEntries(std::function<void()> call);

  absl::StatusOr<std::vector<ListedIssuer>> ListIssuers() override;
  // Does not wait.
  absl::StatusOr<std::optional<block::SignedHead>> GetHead(
      absl::Time after, absl::Duration wait) override;

 private:
  struct State {
    std::vector<FakeIssuer::Member> members;
    std::set<uint32_t> pending;  // Places whose record is not signed yet.
    std::unique_ptr<block::Block> current;
    std::vector<block::Update> deltas;  // Since it was signed whole.
    absl::Time refresh_at;
  };

  absl::Status Begin(const std::string& method)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Append(ledger::EntryBody body) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void AddMember(const std::string& block_id)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void SetStatus(const std::string& block_id, uint32_t place,
                 ledger::StatusChange change)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  block::Update SignWhole(const std::string& block_id)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  block::Update SignPending(const std::string& block_id)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  block::Update WholeUpdate(const std::string& block_id,
                            const State& state) const;
  void AppendManifest(const std::string& block_id, const block::Block& block)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const base::Clock& clock_;
  const FakeIssuer issuer_;
  mutable base::Mutex mu_;
  std::map<std::string, State> blocks_ ABSL_GUARDED_BY(mu_);
  std::vector<std::string> ledger_ ABSL_GUARDED_BY(mu_);
  // The newest of each shard and kind; a shard's numbers are one sequence.
  std::map<std::pair<uint32_t, bool>, SignedCrl> crls_ ABSL_GUARDED_BY(mu_);
  std::map<uint32_t, uint64_t> crl_numbers_ ABSL_GUARDED_BY(mu_);
  absl::Time head_time_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
  uint64_t last_serial_ ABSL_GUARDED_BY(mu_) = 0;
  size_t page_size_ ABSL_GUARDED_BY(mu_) = 1000;
  absl::Duration last_wait_ ABSL_GUARDED_BY(mu_);
  std::function<void()> before_entries_ ABSL_GUARDED_BY(mu_);
  uint32_t crl_shards_ ABSL_GUARDED_BY(mu_) = 1;
  bool has_delta_crls_ ABSL_GUARDED_BY(mu_) = false;
  std::map<std::string, absl::Status> failures_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, absl::Status> refused_ ABSL_GUARDED_BY(mu_);
  std::set<std::string> by_former_key_ ABSL_GUARDED_BY(mu_);
  std::set<std::string> mixed_up_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, int> calls_ ABSL_GUARDED_BY(mu_);
  std::vector<std::string> signed_ ABSL_GUARDED_BY(mu_);
};

}  // namespace chancery::refresher::testing

#endif  // CHANCERY_REFRESHER_TESTING_FAKE_SIGNER_H_
