#include <algorithm>
#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "storage/sql_inventory.h"
#include "storage/sql_value.h"

namespace chancery::storage {
namespace {

// Of the roots whose sizes differ only below this, the last is kept: so many
// entries, of at most 64 kB, go into one message to the signer.
constexpr int64_t kRootsApart = 128;

// What ToRoot reads, up to the condition on `size`.
constexpr char kSelectRoot[] =
    "SELECT size, frontier, signed_root FROM ledger_roots WHERE signer = $1 "
    "AND ";

absl::StatusOr<LedgerRootRow> ToRoot(const std::vector<Row>& rows) {
  if (rows.empty()) return absl::NotFoundError("ledger root: there is none");
  return LedgerRootRow{.size = ToUint(IntAt(rows[0], 0)),
                       .frontier = BlobAt(rows[0], 1),
                       .signed_root = BlobAt(rows[0], 2)};
}

}  // namespace

absl::Status SqlInventory::AddEntries(Session& session,
                                      const LedgerStep& step) const {
  const bool arrays = database_->dialect() == Dialect::kPostgres;
  // As of certificates, many at once where they have a way to go.
  const std::string sql =
      absl::StrCat("INSERT INTO ledger_entries (signer, entry_index, entry) ",
                   arrays ? "SELECT $1, * FROM unnest(CAST($2 AS BIGINT[]), "
                            "CAST($3 AS BYTEA[]))"
                          : "VALUES ($1, $2, $3)",
                   " ON CONFLICT (signer, entry_index) DO UPDATE SET "
                   "entry = excluded.entry");
  std::vector<Value> indexes, entries;
  for (size_t i = 0; i < step.entries.size(); ++i) {
    indexes.emplace_back(ToInt(step.from_index + i));
    entries.emplace_back(Blob{step.entries[i]});
  }
  if (arrays) {
    return session.Run(sql, {step.signer, ArrayOf(indexes), ArrayOf(entries)})
        .status();
  }
  for (size_t i = 0; i < entries.size(); ++i) {
    RETURN_IF_ERROR(
        session.Run(sql, {step.signer, indexes[i], entries[i]}).status());
  }
  return absl::OkStatus();
}

absl::Status SqlInventory::AddToFeed(Session& session,
                                     const LedgerStep& step) const {
  if (step.entries.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(AddEntries(session, step));
  const int64_t size = ToInt(step.root.size);
  RETURN_IF_ERROR(
      session
          .Run("DELETE FROM ledger_roots WHERE signer = $1 AND size >= $2 "
               "AND size < $3",
               {step.signer, size / kRootsApart * kRootsApart, size})
          .status());
  return session
      .Run(
          "INSERT INTO ledger_roots (signer, size, frontier, signed_root) "
          "VALUES ($1, $2, $3, $4) ON CONFLICT (signer, size) DO UPDATE SET "
          "frontier = excluded.frontier, signed_root = excluded.signed_root",
          {step.signer, size, Blob{step.root.frontier},
           Blob{step.root.signed_root}})
      .status();
}

absl::StatusOr<uint64_t> SqlInventory::FirstEntry(const std::string& signer) {
  ASSIGN_OR_RETURN(std::vector<Row> rows,
                   Select("SELECT entry_index FROM ledger_entries "
                          "WHERE signer = $1 ORDER BY entry_index LIMIT 1",
                          {signer}));
  if (rows.empty()) {
    // All of it was dropped, or nothing was followed yet.
    ASSIGN_OR_RETURN(rows, Select("SELECT size FROM ledger_roots "
                                  "WHERE signer = $1 ORDER BY size LIMIT 1",
                                  {signer}));
  }
  return rows.empty() ? 0 : ToUint(IntAt(rows[0], 0));
}

absl::Status SqlInventory::DropLedgerBefore(const std::string& signer,
                                            uint64_t size) {
  return database_->Transact([&](Session& session) -> absl::Status {
    // Changes nothing: a follower that would replace the root has to wait.
    ASSIGN_OR_RETURN(
        const std::vector<Row> root,
        session.Run("UPDATE ledger_roots SET frontier = frontier "
                    "WHERE signer = $1 AND size = $2 RETURNING size",
                    {signer, ToInt(size)}));
    if (root.empty()) {
      return absl::NotFoundError(
          absl::StrCat("ledger root: there is none of size ", size));
    }
    RETURN_IF_ERROR(
        session
            .Run("DELETE FROM ledger_roots WHERE signer = $1 AND size < $2",
                 {signer, ToInt(size)})
            .status());
    return session
        .Run(
            "DELETE FROM ledger_entries WHERE signer = $1 AND entry_index < $2",
            {signer, ToInt(size)})
        .status();
  });
}

absl::StatusOr<LedgerRootRow> SqlInventory::LedgerRootUpTo(
    const std::string& signer, uint64_t size) {
  ASSIGN_OR_RETURN(
      const std::vector<Row> rows,
      Select(absl::StrCat(kSelectRoot, "size <= $2 ORDER BY size DESC LIMIT 1"),
             {signer, ToInt(size)}));
  return ToRoot(rows);
}

absl::StatusOr<LedgerRootRow> SqlInventory::LedgerRootAfter(
    const std::string& signer, uint64_t size) {
  ASSIGN_OR_RETURN(
      const std::vector<Row> rows,
      Select(absl::StrCat(kSelectRoot, "size > $2 ORDER BY size LIMIT 1"),
             {signer, ToInt(size)}));
  return ToRoot(rows);
}

absl::StatusOr<std::vector<std::string>> SqlInventory::ReadLedger(
    const std::string& signer, uint64_t from, uint64_t to) {
  ASSIGN_OR_RETURN(
      const std::vector<Row> rows,
      Select("SELECT entry_index, entry FROM ledger_entries WHERE signer = $1 "
             "AND entry_index >= $2 AND entry_index < $3 ORDER BY entry_index",
             {signer, ToInt(from), ToInt(to)}));
  std::vector<std::string> entries;
  for (const Row& row : rows) {
    if (ToUint(IntAt(row, 0)) != from + entries.size()) break;
    entries.push_back(BlobAt(row, 1));
  }
  if (from + entries.size() < to) {
    return absl::DataLossError(
        absl::StrCat("inventory: of the ledger of \"", signer, "\" entry ",
                     from + entries.size(), " is not there"));
  }
  return entries;
}

}  // namespace chancery::storage
