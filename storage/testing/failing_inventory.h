#ifndef CHANCERY_STORAGE_TESTING_FAILING_INVENTORY_H_
#define CHANCERY_STORAGE_TESTING_FAILING_INVENTORY_H_

#include <atomic>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "storage/inventory.h"

namespace chancery::storage::testing {

// An inventory that is Unavailable at chosen calls: before the real one was
// asked, or after it, as when an answer is lost. Thread-safe but for Replace.
class FailingInventory final : public Inventory {
 public:
  explicit FailingInventory(Inventory& real) : real_(&real) {}

  // Another database from now on, as after a failover.
  void Replace(Inventory& real) { real_ = &real; }

  // The `call`th call from now, counted from 0, fails; those around it do not.
  void FailAt(int call, bool after) {
    fail_at_ = call;
    after_ = after;
    calls_ = 0;
  }
  void FailAlways() { always_ = true; }
  void Heal() {
    always_ = false;
    fail_at_ = -1;
  }
  // Since FailAt.
  int calls() const { return calls_; }

  absl::Status AddCertificates(
      const std::vector<CertificateRow>& rows) override {
    return Do([&] { return real_->AddCertificates(rows); });
  }
  absl::Status SetStatus(const StatusRow& status) override {
    return Do([&] { return real_->SetStatus(status); });
  }
  absl::StatusOr<CertificateRow> FindCertificate(
      const std::string& issuer_id, const std::string& serial) override {
    return Do([&] { return real_->FindCertificate(issuer_id, serial); });
  }
  absl::StatusOr<std::vector<CertificateRow>> FindSerial(
      const std::string& serial) override {
    return Do([&] { return real_->FindSerial(serial); });
  }
  absl::StatusOr<CertificateRow> FindByRequest(
      const std::string& requester, const std::string& request_id) override {
    return Do([&] { return real_->FindByRequest(requester, request_id); });
  }
  absl::StatusOr<CertificatePage> ListCertificates(
      const CertificateFilter& filter, const std::string& page_token,
      size_t limit) override {
    return Do(
        [&] { return real_->ListCertificates(filter, page_token, limit); });
  }
  absl::StatusOr<std::map<CertificateStatus, uint64_t>> CountByStatus()
      override {
    return Do([&] { return real_->CountByStatus(); });
  }
  absl::StatusOr<std::map<uint32_t, uint64_t>> StatusChanges(
      const std::string& issuer_id, uint64_t since) override {
    return Do([&] { return real_->StatusChanges(issuer_id, since); });
  }

  absl::Status PutBlock(const BlockRow& block) override {
    return Do([&] { return real_->PutBlock(block); });
  }
  absl::Status AddDelta(const std::string& block_id,
                        const DeltaRow& delta) override {
    return Do([&] { return real_->AddDelta(block_id, delta); });
  }
  absl::StatusOr<BlockRow> GetBlock(const std::string& block_id) override {
    return Do([&] { return real_->GetBlock(block_id); });
  }
  absl::StatusOr<std::map<std::string, uint64_t>> BlockVersions() override {
    return Do([&] { return real_->BlockVersions(); });
  }
  absl::StatusOr<uint64_t> BlockVersion(const std::string& block_id) override {
    return Do([&] { return real_->BlockVersion(block_id); });
  }
  absl::StatusOr<std::vector<std::string>> LeaseDueBlocks(
      const std::string& owner, absl::Time now, absl::Duration duration,
      size_t limit) override {
    return Do(
        [&] { return real_->LeaseDueBlocks(owner, now, duration, limit); });
  }
  absl::Status ReleaseLease(const std::string& block_id,
                            const std::string& owner) override {
    return Do([&] { return real_->ReleaseLease(block_id, owner); });
  }
  absl::Status RenewLeases(const std::string& owner,
                           const std::vector<std::string>& block_ids,
                           absl::Time until) override {
    return Do([&] { return real_->RenewLeases(owner, block_ids, until); });
  }
  absl::StatusOr<absl::Time> EarliestRefresh() override {
    return Do([&] { return real_->EarliestRefresh(); });
  }
  absl::StatusOr<std::vector<BlockTimes>> ListBlockTimes(
      std::optional<absl::Time> due_at) override {
    return Do([&] { return real_->ListBlockTimes(due_at); });
  }
  absl::StatusOr<BlockTimes> OldestBlockTimes() override {
    return Do([&] { return real_->OldestBlockTimes(); });
  }
  absl::Status MakeDue(
      const std::map<std::string, absl::Time>& due_at) override {
    return Do([&] { return real_->MakeDue(due_at); });
  }
  absl::StatusOr<uint64_t> DropEndedBlocks(absl::Time ended) override {
    return Do([&] { return real_->DropEndedBlocks(ended); });
  }
  absl::Status PutTemplate(const std::string& id,
                           const std::string& data) override {
    return Do([&] { return real_->PutTemplate(id, data); });
  }
  absl::StatusOr<std::string> GetTemplate(const std::string& id) override {
    return Do([&] { return real_->GetTemplate(id); });
  }

  absl::Status PutCrl(const CrlRow& crl, CrlPieces pieces) override {
    return Do([&] { return real_->PutCrl(crl, pieces); });
  }
  absl::StatusOr<std::vector<CrlRow>> ListCrls() override {
    return Do([&] { return real_->ListCrls(); });
  }
  absl::StatusOr<std::optional<std::string>> GetCrlPart(
      const CrlRow& crl, uint32_t part) override {
    return Do([&] { return real_->GetCrlPart(crl, part); });
  }

  absl::Status PutIssuer(const IssuerRow& issuer) override {
    return Do([&] { return real_->PutIssuer(issuer); });
  }
  absl::StatusOr<std::vector<IssuerRow>> ListIssuers() override {
    return Do([&] { return real_->ListIssuers(); });
  }

  absl::StatusOr<uint64_t> NextIndex(const std::string& signer) override {
    return Do([&] { return real_->NextIndex(signer); });
  }
  absl::Status ApplyLedgerStep(const LedgerStep& step) override {
    return Do([&] { return real_->ApplyLedgerStep(step); });
  }

  absl::StatusOr<uint64_t> FirstEntry(const std::string& signer) override {
    return Do([&] { return real_->FirstEntry(signer); });
  }
  absl::Status DropLedgerBefore(const std::string& signer,
                                uint64_t size) override {
    return Do([&] { return real_->DropLedgerBefore(signer, size); });
  }
  absl::StatusOr<LedgerRootRow> LedgerRootUpTo(const std::string& signer,
                                               uint64_t size) override {
    return Do([&] { return real_->LedgerRootUpTo(signer, size); });
  }
  absl::StatusOr<LedgerRootRow> LedgerRootAfter(const std::string& signer,
                                                uint64_t size) override {
    return Do([&] { return real_->LedgerRootAfter(signer, size); });
  }
  absl::StatusOr<std::vector<std::string>> ReadLedger(const std::string& signer,
                                                      uint64_t from,
                                                      uint64_t to) override {
    return Do([&] { return real_->ReadLedger(signer, from, to); });
  }

  absl::Status PutHead(const std::string& signer,
                       const HeadRow& head) override {
    return Do([&] { return real_->PutHead(signer, head); });
  }
  absl::StatusOr<HeadRow> GetHead(const std::string& signer) override {
    return Do([&] { return real_->GetHead(signer); });
  }

 private:
  template <typename Call>
  auto Do(Call call) -> decltype(call()) {
    const bool fails = always_ || calls_++ == fail_at_;
    if (fails && !after_) return absl::UnavailableError("inventory is away");
    auto result = call();
    if (fails) return absl::UnavailableError("the inventory's answer is lost");
    return result;
  }

  Inventory* real_;
  std::atomic<int> fail_at_ = -1;
  std::atomic<int> calls_ = 0;
  std::atomic<bool> after_ = false;
  std::atomic<bool> always_ = false;
};

}  // namespace chancery::storage::testing

#endif  // CHANCERY_STORAGE_TESTING_FAILING_INVENTORY_H_
