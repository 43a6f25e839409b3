#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "storage/certificate_query.h"
#include "storage/sql_inventory.h"
#include "storage/sql_value.h"

namespace chancery::storage {
namespace {

constexpr size_t kMaxPage = 1000;

// The status_index of a certificate that was good from the start and still is.
constexpr int64_t kNoChange = -1;

constexpr char kColumns[] =
    "issuer_id, serial, der, subject, names, not_before, not_after, profile, "
    "requester, request_id, status, reason, revoked_at, block_id, place, "
    "issued_at, issued_index, status_index, crl_shard";

// In the same order.
constexpr const char* kTypes[] = {
    "BYTEA",  "BYTEA",  "BYTEA",  "TEXT",   "TEXT",   "BIGINT", "BIGINT",
    "TEXT",   "TEXT",   "TEXT",   "BIGINT", "BIGINT", "BIGINT", "BYTEA",
    "BIGINT", "BIGINT", "BIGINT", "BIGINT", "BIGINT"};
constexpr size_t kColumnCount = std::size(kTypes);

// Where it is worth it, so many are added or looked for by one statement.
constexpr size_t kRowsInAStatement = 256;

// Where columns stand that more than one function reads.
constexpr size_t kIssuedIndex = 16, kStatusIndex = 17, kCrlShard = 18;

absl::StatusOr<CertificateRow> ToCertificate(const Row& row) {
  const std::string serial = BlobAt(row, 1);
  const int64_t status = IntAt(row, 10);
  if (status < 0 ||
      status > static_cast<int64_t>(CertificateStatus::kRevoked)) {
    return absl::DataLossError(
        absl::StrCat("certificate: serial ", base::Hex(base::AsBytes(serial)),
                     " has status ", status, ", of which nobody knows"));
  }
  return CertificateRow{
      .issuer_id = BlobAt(row, 0),
      .serial = serial,
      .der = BlobAt(row, 2),
      .subject = TextAt(row, 3),
      .names = SplitLines(TextAt(row, 4)),
      .not_before = FromSeconds(IntAt(row, 5)),
      .not_after = FromSeconds(IntAt(row, 6)),
      .profile = TextAt(row, 7),
      .requester = TextAt(row, 8),
      .request_id = TextAt(row, 9),
      .status = static_cast<CertificateStatus>(status),
      .reason = static_cast<int>(IntAt(row, 11)),
      .revoked_at = FromSeconds(IntAt(row, 12)),
      .block_id = BlobAt(row, 13),
      .place = static_cast<uint32_t>(IntAt(row, 14)),
      .crl_shard = static_cast<uint32_t>(IntAt(row, kCrlShard)),
      .issued_at = FromSeconds(IntAt(row, 15)),
      .ledger_index =
          ToUint(std::max(IntAt(row, kIssuedIndex), IntAt(row, kStatusIndex)))};
}

absl::StatusOr<std::vector<CertificateRow>> ToCertificates(
    const std::vector<Row>& rows) {
  std::vector<CertificateRow> out;
  for (const Row& row : rows) {
    ASSIGN_OR_RETURN(CertificateRow certificate, ToCertificate(row));
    out.push_back(std::move(certificate));
  }
  return out;
}

std::string NamesColumn(const CertificateRow& row) {
  std::vector<std::string> lines;
  for (const std::string& name : row.names) lines.push_back(OneLine(name));
  return JoinLines(lines);
}

// `held`, where it has nothing, takes what `more` has. True if it changed.
template <typename T>
bool Fill(T& held, const T& missing, T more) {
  if (held != missing || more == missing) return false;
  held = std::move(more);
  return true;
}

// Fills what the row in the database lacks and `row` has.
absl::Status FillIn(Session& session, const Row& columns,
                    const CertificateRow& row) {
  ASSIGN_OR_RETURN(CertificateRow held, ToCertificate(columns));
  std::string names = TextAt(columns, 4);
  int64_t issued_index = IntAt(columns, kIssuedIndex);
  bool changed = Fill(held.subject, {}, OneLine(row.subject));
  changed |= Fill(names, {}, NamesColumn(row));
  changed |= Fill(held.profile, {}, row.profile);
  changed |= Fill(held.requester, {}, row.requester);
  changed |= Fill(held.request_id, {}, row.request_id);
  changed |= Fill(held.issued_at, absl::UnixEpoch(), row.issued_at);
  changed |= Fill(issued_index, int64_t{0}, ToInt(row.ledger_index));
  if (Fill(held.block_id, {}, row.block_id)) {
    held.place = row.place;
    changed = true;
  }
  // Who does not know it says 0.
  changed |= Fill(held.crl_shard, 0u, row.crl_shard);
  if (!changed) return absl::OkStatus();
  return session
      .Run(
          "UPDATE certificates SET subject = $3, names = $4, profile = $5, "
          "requester = $6, request_id = $7, block_id = $8, place = $9, "
          "issued_at = $10, issued_index = $11, crl_shard = $12 "
          "WHERE issuer_id = $1 AND serial = $2",
          {Blob{row.issuer_id}, Blob{row.serial}, held.subject, names,
           held.profile, held.requester, held.request_id, Blob{held.block_id},
           int64_t{held.place}, ToSeconds(held.issued_at), issued_index,
           int64_t{held.crl_shard}})
      .status();
}

std::vector<Value> ToValues(const CertificateRow& row) {
  const bool good = row.status == CertificateStatus::kGood;
  return {Blob{row.issuer_id},
          Blob{row.serial},
          Blob{row.der},
          OneLine(row.subject),
          NamesColumn(row),
          ToSeconds(row.not_before),
          ToSeconds(row.not_after),
          row.profile,
          row.requester,
          row.request_id,
          static_cast<int64_t>(row.status),
          int64_t{row.reason},
          ToSeconds(row.revoked_at),
          Blob{row.block_id},
          int64_t{row.place},
          ToSeconds(row.issued_at),
          ToInt(row.ledger_index),
          good ? kNoChange : ToInt(row.ledger_index),
          int64_t{row.crl_shard}};
}

// PostgreSQL's time is in the way to it and back, so it takes many rows at once
// as one array for each column: a statement that is the same for any number of
// them, and is prepared once. SQLite has no way, and takes one row.
std::string InsertStatement(Dialect dialect) {
  const bool arrays = dialect == Dialect::kPostgres;
  std::string sql = absl::StrCat("INSERT INTO certificates (", kColumns, ") ",
                                 arrays ? "SELECT * FROM unnest(" : "VALUES (");
  for (size_t column = 0; column < kColumnCount; ++column) {
    if (column != 0) sql += ", ";
    if (arrays) {
      absl::StrAppend(&sql, "CAST($", column + 1, " AS ", kTypes[column],
                      "[])");
    } else {
      absl::StrAppend(&sql, "$", column + 1);
    }
  }
  return sql + ")";
}

constexpr char kUnlessThere[] =
    " ON CONFLICT (issuer_id, serial) DO NOTHING RETURNING issuer_id, serial";

// One row for SQLite.
std::vector<Value> InsertParameters(
    Dialect dialect, absl::Span<const CertificateRow* const> rows) {
  if (dialect == Dialect::kSqlite) return ToValues(*rows.front());
  std::vector<std::vector<Value>> columns(kColumnCount);
  for (const CertificateRow* row : rows) {
    std::vector<Value> values = ToValues(*row);
    for (size_t i = 0; i < kColumnCount; ++i) {
      columns[i].push_back(std::move(values[i]));
    }
  }
  std::vector<Value> out;
  for (const std::vector<Value>& column : columns) {
    out.emplace_back(ArrayOf(column));
  }
  return out;
}

// Those that are there: one look into the primary key for each. As a list of
// keys, or joined, PostgreSQL may read the whole table instead, as long as it
// thinks that it is small; a LIMIT of its own keeps each look to itself.
std::string SelectStatement(Dialect dialect, absl::string_view columns) {
  const std::string select =
      absl::StrCat("SELECT ", columns, " FROM certificates WHERE ");
  if (dialect == Dialect::kSqlite) {
    return absl::StrCat(select, "issuer_id = $1 AND serial = $2");
  }
  return absl::StrCat(
      "SELECT found.* FROM unnest(CAST($1 AS BYTEA[]), CAST($2 AS BYTEA[])) "
      "AS wanted (issuer, number) CROSS JOIN LATERAL (",
      select,
      "issuer_id = wanted.issuer AND serial = wanted.number LIMIT 1) AS found");
}

std::pair<std::string, std::string> KeyOf(const Row& row) {
  return {BlobAt(row, 0), BlobAt(row, 1)};
}

}  // namespace

SqlInventory::RowPointers SqlInventory::PointersTo(
    const std::vector<CertificateRow>& rows) {
  RowPointers all;
  all.reserve(rows.size());
  for (const CertificateRow& row : rows) all.push_back(&row);
  return all;
}

absl::Status SqlInventory::HasOtherBytes(const std::string& serial) {
  return absl::AlreadyExistsError(
      absl::StrCat("certificate: serial ", base::Hex(base::AsBytes(serial)),
                   " is in the inventory with other bytes"));
}

absl::StatusOr<size_t> SqlInventory::AddCertificates(
    Session& session, const RowPointers& rows) const {
  const size_t at_a_time =
      database_->dialect() == Dialect::kPostgres ? kRowsInAStatement : 1;
  const absl::Span<const CertificateRow* const> all(rows);
  size_t known = 0;
  for (size_t at = 0; at < rows.size(); at += at_a_time) {
    ASSIGN_OR_RETURN(const size_t some,
                     AddSome(session, all.subspan(at, at_a_time)));
    known += some;
  }
  return known;
}

absl::StatusOr<size_t> SqlInventory::AddSome(
    Session& session, absl::Span<const CertificateRow* const> rows) const {
  const Dialect dialect = database_->dialect();
  ASSIGN_OR_RETURN(
      const std::vector<Row> added,
      session.Run(absl::StrCat(InsertStatement(dialect), kUnlessThere),
                  InsertParameters(dialect, rows)));
  if (added.size() == rows.size()) return 0;
  std::set<CertificateKey> is_new;
  for (const Row& row : added) is_new.insert(KeyOf(row));
  RowPointers known;
  for (const CertificateRow* row : rows) {
    // Of one that stands here twice, the second is known.
    if (is_new.erase({row->issuer_id, row->serial}) == 0) known.push_back(row);
  }
  RETURN_IF_ERROR(AddKnown(session, known));
  return known.size();
}

absl::StatusOr<std::map<SqlInventory::CertificateKey, Row>> SqlInventory::Held(
    Session& session, const RowPointers& rows,
    absl::string_view columns) const {
  const Dialect dialect = database_->dialect();
  const bool arrays = dialect == Dialect::kPostgres;
  const size_t at_a_time = arrays ? kRowsInAStatement : 1;
  const std::string sql = SelectStatement(dialect, columns);
  std::map<CertificateKey, Row> held;
  for (size_t at = 0; at < rows.size(); at += at_a_time) {
    const size_t end = std::min(rows.size(), at + at_a_time);
    std::vector<Value> issuers, serials;
    for (size_t i = at; i < end; ++i) {
      issuers.emplace_back(Blob{rows[i]->issuer_id});
      serials.emplace_back(Blob{rows[i]->serial});
    }
    if (arrays) {
      issuers = {ArrayOf(issuers)};
      serials = {ArrayOf(serials)};
    }
    ASSIGN_OR_RETURN(std::vector<Row> found,
                     session.Run(sql, {issuers[0], serials[0]}));
    for (Row& row : found) {
      CertificateKey key = KeyOf(row);
      held.emplace(std::move(key), std::move(row));
    }
  }
  return held;
}

absl::Status SqlInventory::AddKnown(Session& session,
                                    const RowPointers& rows) const {
  ASSIGN_OR_RETURN(const auto held, Held(session, rows, kColumns));
  for (const CertificateRow* row : rows) {
    const auto found = held.find({row->issuer_id, row->serial});
    if (found == held.end() || BlobAt(found->second, 2) != row->der) {
      return HasOtherBytes(row->serial);
    }
    RETURN_IF_ERROR(FillIn(session, found->second, *row));
    if (row->status == CertificateStatus::kGood) continue;
    RETURN_IF_ERROR(ApplyStatus(session, {.issuer_id = row->issuer_id,
                                          .serial = row->serial,
                                          .status = row->status,
                                          .reason = row->reason,
                                          .revoked_at = row->revoked_at,
                                          .ledger_index = row->ledger_index}));
  }
  return absl::OkStatus();
}

absl::Status SqlInventory::ApplyStatus(Session& session, const StatusRow& row) {
  ASSIGN_OR_RETURN(
      const std::vector<Row> held,
      session.Run("SELECT issued_index, status_index FROM certificates "
                  "WHERE issuer_id = $1 AND serial = $2",
                  {Blob{row.issuer_id}, Blob{row.serial}}));
  if (held.empty()) {
    return absl::NotFoundError(absl::StrCat(
        "certificate: serial ", base::Hex(base::AsBytes(row.serial)),
        " is not in the inventory"));
  }
  // Forward only: what an older entry says has been overtaken.
  const int64_t index = ToInt(row.ledger_index);
  if (index < IntAt(held[0], 0) || index <= IntAt(held[0], 1)) {
    return absl::OkStatus();
  }
  return session
      .Run(
          "UPDATE certificates SET status = $3, reason = $4, revoked_at = $5, "
          "status_index = $6 WHERE issuer_id = $1 AND serial = $2",
          {Blob{row.issuer_id}, Blob{row.serial},
           static_cast<int64_t>(row.status), int64_t{row.reason},
           ToSeconds(row.revoked_at), index})
      .status();
}

absl::Status SqlInventory::AddCertificates(
    const std::vector<CertificateRow>& rows) {
  const RowPointers all = PointersTo(rows);
  const Dialect dialect = database_->dialect();
  if (dialect == Dialect::kPostgres && rows.size() <= kRowsInAStatement) {
    // Clients wait, and hardly ever is one there already.
    const absl::Status added =
        database_
            ->RunAlone(Access::kWrite, InsertStatement(dialect),
                       InsertParameters(dialect, all))
            .status();
    if (!absl::IsAlreadyExists(added)) return added;
  }
  return database_->Transact([&](Session& session) -> absl::Status {
    return AddCertificates(session, all).status();
  });
}

absl::Status SqlInventory::SetStatus(const StatusRow& status) {
  return database_->Transact([&](Session& session) -> absl::Status {
    return ApplyStatus(session, status);
  });
}

absl::StatusOr<CertificateRow> SqlInventory::FindCertificate(
    const std::string& issuer_id, const std::string& serial) {
  ASSIGN_OR_RETURN(
      const std::vector<Row> rows,
      Select(absl::StrCat(
                 "SELECT ", kColumns,
                 " FROM certificates WHERE issuer_id = $1 AND serial = $2"),
             {Blob{issuer_id}, Blob{serial}}));
  if (rows.empty()) {
    return absl::NotFoundError(absl::StrCat("certificate: no serial ",
                                            base::Hex(base::AsBytes(serial))));
  }
  return ToCertificate(rows[0]);
}

absl::StatusOr<std::vector<CertificateRow>> SqlInventory::FindSerial(
    const std::string& serial) {
  ASSIGN_OR_RETURN(
      const std::vector<Row> rows,
      Select(absl::StrCat(
                 "SELECT ", kColumns,
                 " FROM certificates WHERE serial = $1 ORDER BY issuer_id"),
             {Blob{serial}}));
  return ToCertificates(rows);
}

absl::StatusOr<CertificateRow> SqlInventory::FindByRequest(
    const std::string& requester, const std::string& request_id) {
  ASSIGN_OR_RETURN(
      const std::vector<Row> rows,
      Select(absl::StrCat(
                 "SELECT ", kColumns,
                 " FROM certificates WHERE requester = $1 AND request_id = $2 "
                 "ORDER BY issued_index LIMIT 1"),
             {requester, request_id}));
  if (rows.empty()) {
    return absl::NotFoundError(
        absl::StrCat("certificate: none for request_id \"", request_id, "\""));
  }
  return ToCertificate(rows[0]);
}

absl::StatusOr<CertificatePage> SqlInventory::ListCertificates(
    const CertificateFilter& filter, const std::string& page_token,
    size_t limit) {
  limit = std::clamp<size_t>(limit, 1, kMaxPage);
  // One more than asked for, to know whether another page follows.
  ASSIGN_OR_RETURN(const Statement list,
                   ListStatement(kColumns, filter, page_token, limit + 1));
  ASSIGN_OR_RETURN(std::vector<Row> rows, Select(list.sql, list.parameters));
  CertificatePage page;
  if (rows.size() > limit) {
    rows.resize(limit);
    page.next_token =
        ToPageToken({.issued_index = IntAt(rows.back(), kIssuedIndex),
                     .issuer_id = BlobAt(rows.back(), 0),
                     .serial = BlobAt(rows.back(), 1)});
  }
  ASSIGN_OR_RETURN(page.rows, ToCertificates(rows));
  return page;
}

absl::StatusOr<std::map<CertificateStatus, uint64_t>>
SqlInventory::CountByStatus() {
  ASSIGN_OR_RETURN(
      const std::vector<Row> rows,
      Select("SELECT status, COUNT(*) FROM certificates GROUP BY status", {}));
  std::map<CertificateStatus, uint64_t> out;
  for (const Row& row : rows) {
    out[static_cast<CertificateStatus>(IntAt(row, 0))] = ToUint(IntAt(row, 1));
  }
  return out;
}

absl::StatusOr<std::map<uint32_t, uint64_t>> SqlInventory::StatusChanges(
    const std::string& issuer_id, uint64_t since) {
  // `status_index >= 0` is the index's own condition.
  ASSIGN_OR_RETURN(
      const std::vector<Row> rows,
      Select("SELECT crl_shard, MAX(status_index) FROM certificates "
             "WHERE issuer_id = $1 AND status_index >= 0 "
             "AND status_index >= $2 GROUP BY crl_shard",
             {Blob{issuer_id}, ToInt(since)}));
  std::map<uint32_t, uint64_t> out;
  for (const Row& row : rows) {
    out[static_cast<uint32_t>(IntAt(row, 0))] = ToUint(IntAt(row, 1));
  }
  return out;
}

}  // namespace chancery::storage
