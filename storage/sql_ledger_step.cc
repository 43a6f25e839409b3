#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "storage/sql_inventory.h"
#include "storage/sql_value.h"

namespace chancery::storage {
namespace {

constexpr char kSelectCursor[] =
    "SELECT next_index FROM ledger_cursors WHERE signer = $1";

int64_t ToCursor(const std::vector<Row>& rows) {
  return rows.empty() ? 0 : IntAt(rows[0], 0);
}

// What of a row tells that a step of the ledger has nothing to add to it. That
// its profile, requester and so on are there is for the database to see.
constexpr char kColumns[] =
    "issuer_id, serial, der, crl_shard, CASE WHEN subject <> '' AND "
    "names <> '' AND profile <> '' AND requester <> '' AND request_id <> '' "
    "AND issued_at <> 0 AND issued_index <> 0 AND LENGTH(block_id) > 0 THEN 1 "
    "ELSE 0 END";
constexpr size_t kDer = 2, kCrlShard = 3, kIsFull = 4;

}  // namespace

absl::StatusOr<uint64_t> SqlInventory::NextIndex(const std::string& signer) {
  ASSIGN_OR_RETURN(const std::vector<Row> rows,
                   Select(kSelectCursor, {signer}));
  return ToUint(ToCursor(rows));
}

absl::StatusOr<SqlInventory::RowPointers> SqlInventory::NotWhole(
    Session& session, const RowPointers& rows) const {
  ASSIGN_OR_RETURN(const auto held, Held(session, rows, kColumns));
  RowPointers out;
  for (const CertificateRow* row : rows) {
    const auto found = held.find({row->issuer_id, row->serial});
    if (found == held.end()) {
      out.push_back(row);
      continue;
    }
    if (BlobAt(found->second, kDer) != row->der) {
      return HasOtherBytes(row->serial);
    }
    const bool whole =
        IntAt(found->second, kIsFull) == 1 &&
        IntAt(found->second, kCrlShard) == int64_t{row->crl_shard} &&
        row->status == CertificateStatus::kGood;
    if (!whole) out.push_back(row);
  }
  return out;
}

absl::Status SqlInventory::ApplyLedgerStep(const LedgerStep& step) {
  return database_->Transact([&](Session& session) -> absl::Status {
    ASSIGN_OR_RETURN(const std::vector<Row> cursor,
                     session.Run(kSelectCursor, {step.signer}));
    const int64_t next = ToCursor(cursor);
    if (next >= ToInt(step.next_index)) return absl::OkStatus();
    if (next < ToInt(step.from_index)) {
      return absl::FailedPreconditionError(
          absl::StrCat("inventory: followed \"", step.signer, "\" to entry ",
                       next, ", the step begins at ", step.from_index));
    }
    RETURN_IF_ERROR(AddFollowed(session, step.certificates));
    for (const StatusRow& row : step.statuses) {
      RETURN_IF_ERROR(ApplyStatus(session, row));
    }
    RETURN_IF_ERROR(AddToFeed(session, step));
    return session
        .Run(
            "INSERT INTO ledger_cursors (signer, next_index) VALUES ($1, $2) "
            "ON CONFLICT (signer) DO UPDATE SET "
            "next_index = excluded.next_index",
            {step.signer, ToInt(step.next_index)})
        .status();
  });
}

// Usually the authority has written them, and to look is a third of the work of
// trying to write. Whoever catches up finds none, and writes at once.
absl::Status SqlInventory::AddFollowed(
    Session& session, const std::vector<CertificateRow>& rows) {
  if (rows.empty()) return absl::OkStatus();
  const RowPointers all = PointersTo(rows);
  if (!most_are_known_) {
    ASSIGN_OR_RETURN(const size_t known, AddCertificates(session, all));
    most_are_known_ = 2 * known > rows.size();
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const RowPointers missing, NotWhole(session, all));
  most_are_known_ = 2 * missing.size() <= rows.size();
  return AddCertificates(session, missing).status();
}

}  // namespace chancery::storage
