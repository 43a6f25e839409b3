#ifndef CHANCERY_STORAGE_SQL_INVENTORY_H_
#define CHANCERY_STORAGE_SQL_INVENTORY_H_

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "storage/crl_part_memory.h"
#include "storage/database.h"
#include "storage/inventory.h"

namespace chancery::storage {

// The inventory over any Database whose schema is up to date. Its parts are in
// sql_certificates.cc, sql_blocks.cc, sql_crls.cc and, the small ones,
// sql_inventory.cc; of following a ledger in sql_ledger_step.cc, and of its
// copy in sql_feed.cc.
class SqlInventory final : public Inventory {
 public:
  explicit SqlInventory(std::unique_ptr<Database> database)
      : database_(std::move(database)) {}

  absl::Status AddCertificates(
      const std::vector<CertificateRow>& rows) override;
  absl::Status SetStatus(const StatusRow& status) override;
  absl::StatusOr<CertificateRow> FindCertificate(
      const std::string& issuer_id, const std::string& serial) override;
  absl::StatusOr<std::vector<CertificateRow>> FindSerial(
      const std::string& serial) override;
  absl::StatusOr<CertificateRow> FindByRequest(
      const std::string& requester, const std::string& request_id) override;
  absl::StatusOr<CertificatePage> ListCertificates(
      const CertificateFilter& filter, const std::string& page_token,
      size_t limit) override;
  absl::StatusOr<std::map<CertificateStatus, uint64_t>> CountByStatus()
      override;
  absl::StatusOr<std::map<uint32_t, uint64_t>> StatusChanges(
      const std::string& issuer_id, uint64_t since) override;

  absl::Status PutBlock(const BlockRow& block) override;
  absl::Status AddDelta(const std::string& block_id,
                        const DeltaRow& delta) override;
  absl::StatusOr<BlockRow> GetBlock(const std::string& block_id) override;
  absl::StatusOr<std::map<std::string, uint64_t>> BlockVersions() override;
  absl::StatusOr<uint64_t> BlockVersion(const std::string& block_id) override;
  absl::StatusOr<std::vector<std::string>> LeaseDueBlocks(
      const std::string& owner, absl::Time now, absl::Duration duration,
      size_t limit) override;
  absl::Status ReleaseLease(const std::string& block_id,
                            const std::string& owner) override;
  absl::Status RenewLeases(const std::string& owner,
                           const std::vector<std::string>& block_ids,
                           absl::Time until) override;
  absl::StatusOr<absl::Time> EarliestRefresh() override;
  absl::Status MakeDue(
      const std::map<std::string, absl::Time>& due_at) override;
  absl::StatusOr<std::vector<BlockTimes>> ListBlockTimes(
      std::optional<absl::Time> due_at) override;
  absl::StatusOr<BlockTimes> OldestBlockTimes() override;
  absl::StatusOr<uint64_t> DropEndedBlocks(absl::Time ended) override;
  absl::Status PutTemplate(const std::string& id,
                           const std::string& data) override;
  absl::StatusOr<std::string> GetTemplate(const std::string& id) override;

  absl::Status PutCrl(const CrlRow& crl, CrlPieces pieces) override;
  absl::StatusOr<std::vector<CrlRow>> ListCrls() override;
  absl::StatusOr<std::optional<std::string>> GetCrlPart(const CrlRow& crl,
                                                        uint32_t part) override;

  absl::Status PutIssuer(const IssuerRow& issuer) override;
  absl::StatusOr<std::vector<IssuerRow>> ListIssuers() override;

  absl::StatusOr<uint64_t> NextIndex(const std::string& signer) override;
  absl::Status ApplyLedgerStep(const LedgerStep& step) override;

  absl::StatusOr<uint64_t> FirstEntry(const std::string& signer) override;
  absl::Status DropLedgerBefore(const std::string& signer,
                                uint64_t size) override;
  absl::StatusOr<LedgerRootRow> LedgerRootUpTo(const std::string& signer,
                                               uint64_t size) override;
  absl::StatusOr<LedgerRootRow> LedgerRootAfter(const std::string& signer,
                                                uint64_t size) override;
  absl::StatusOr<std::vector<std::string>> ReadLedger(const std::string& signer,
                                                      uint64_t from,
                                                      uint64_t to) override;

  absl::Status PutHead(const std::string& signer, const HeadRow& head) override;
  absl::StatusOr<HeadRow> GetHead(const std::string& signer) override;

 private:
  using RowPointers = std::vector<const CertificateRow*>;
  using CertificateKey =
      std::pair<std::string, std::string>;  // Issuer, serial.

  static RowPointers PointersTo(const std::vector<CertificateRow>& rows);
  // These columns, of which the key's come first, of those that are there.
  absl::StatusOr<std::map<CertificateKey, Row>> Held(
      Session& session, const RowPointers& rows,
      absl::string_view columns) const;

  // Within a transaction: also steps of a ledger consist of these.
  // Returns how many were there before.
  absl::StatusOr<size_t> AddCertificates(Session& session,
                                         const RowPointers& rows) const;
  // By one statement.
  absl::StatusOr<size_t> AddSome(
      Session& session, absl::Span<const CertificateRow* const> rows) const;
  // Of which there are rows.
  absl::Status AddKnown(Session& session, const RowPointers& rows) const;
  static absl::Status HasOtherBytes(const std::string& serial);
  // Those that a step of the ledger is of.
  absl::Status AddFollowed(Session& session,
                           const std::vector<CertificateRow>& rows);
  // Those that are not there yet with all that `rows` say of them.
  absl::StatusOr<RowPointers> NotWhole(Session& session,
                                       const RowPointers& rows) const;
  // The entries of a step, and its root.
  absl::Status AddToFeed(Session& session, const LedgerStep& step) const;
  absl::Status AddEntries(Session& session, const LedgerStep& step) const;
  static absl::Status ApplyStatus(Session& session, const StatusRow& row);

  // False: the block is not where the delta leads from.
  absl::StatusOr<bool> Advance(const std::string& block_id,
                               const DeltaRow& delta);

  // A transaction of one statement.
  absl::StatusOr<std::vector<Row>> Select(const std::string& sql,
                                          const std::vector<Value>& parameters);
  absl::Status Change(const std::string& sql,
                      const std::vector<Value>& parameters);

  absl::StatusOr<std::string> ReadCrlPart(const CrlRow& crl, uint32_t part);

  const std::unique_ptr<Database> database_;
  CrlPartMemory crl_parts_;
  // Whether most certificates of the last step were there before: the
  // authority had written them.
  std::atomic<bool> most_are_known_{true};
};

}  // namespace chancery::storage

#endif  // CHANCERY_STORAGE_SQL_INVENTORY_H_
