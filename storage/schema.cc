#include "storage/schema.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "storage/sql_value.h"

namespace chancery::storage {
namespace {

// BYTES is the dialect's type for bytes; no statement holds a semicolon. Names
// and profiles are lines of text. issued_index is the ledger entry of the
// certificate, status_index of the newest change of its status, -1 for none.
// Partial indexes keep the many good certificates out of what looks for others.
constexpr char kFirst[] = R"(
CREATE TABLE certificates (
  issuer_id BYTES NOT NULL,
  serial BYTES NOT NULL,
  der BYTES NOT NULL,
  subject TEXT NOT NULL,
  names TEXT NOT NULL,
  not_before BIGINT NOT NULL,
  not_after BIGINT NOT NULL,
  profile TEXT NOT NULL,
  requester TEXT NOT NULL,
  request_id TEXT NOT NULL,
  status BIGINT NOT NULL,
  reason BIGINT NOT NULL,
  revoked_at BIGINT NOT NULL,
  block_id BYTES NOT NULL,
  place BIGINT NOT NULL,
  issued_at BIGINT NOT NULL,
  issued_index BIGINT NOT NULL,
  status_index BIGINT NOT NULL,
  PRIMARY KEY (issuer_id, serial)
);
CREATE INDEX certificates_by_issue ON certificates (issued_index, issuer_id, serial);
CREATE INDEX certificates_by_issuer ON certificates (issuer_id, issued_index, serial);
CREATE INDEX certificates_by_serial ON certificates (serial);
CREATE INDEX certificates_by_request ON certificates (requester, request_id);
CREATE INDEX certificates_not_good ON certificates (status, issued_index, issuer_id, serial)
  WHERE status <> 0;
CREATE INDEX certificates_by_change ON certificates (issuer_id, status_index)
  WHERE status_index >= 0;
CREATE TABLE blocks (
  block_id BYTES NOT NULL PRIMARY KEY,
  issuer_id BYTES NOT NULL,
  version BIGINT NOT NULL,
  head_version BIGINT NOT NULL,
  refresh_at BIGINT NOT NULL,
  next_update BIGINT NOT NULL,
  data BYTES NOT NULL,
  template_ids BYTES NOT NULL,
  lease_owner TEXT NOT NULL,
  lease_until BIGINT NOT NULL
);
CREATE INDEX blocks_by_refresh ON blocks (refresh_at);
CREATE TABLE block_deltas (
  block_id BYTES NOT NULL,
  version BIGINT NOT NULL,
  base_version BIGINT NOT NULL,
  data BYTES NOT NULL,
  PRIMARY KEY (block_id, version)
);
CREATE TABLE templates (
  id BYTES NOT NULL PRIMARY KEY,
  data BYTES NOT NULL
);
CREATE TABLE crls (
  issuer_id BYTES NOT NULL,
  shard BIGINT NOT NULL,
  number BIGINT NOT NULL,
  this_update BIGINT NOT NULL,
  next_update BIGINT NOT NULL,
  refresh_at BIGINT NOT NULL,
  ledger_size BIGINT NOT NULL,
  der BYTES NOT NULL,
  PRIMARY KEY (issuer_id, shard)
);
CREATE TABLE issuers (
  issuer_id BYTES NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  certificate BYTES NOT NULL,
  chain BYTES NOT NULL,
  profiles TEXT NOT NULL
);
CREATE TABLE ledger_cursors (
  signer TEXT NOT NULL PRIMARY KEY,
  next_index BIGINT NOT NULL
)
)";

// 0: stored before this was. The index has all that is asked of many blocks at
// a time: SQLite would read all of `data` on its way to the columns behind it.
constexpr char kBlockTimes[] = R"(
ALTER TABLE blocks ADD COLUMN this_update BIGINT NOT NULL DEFAULT 0;
CREATE INDEX blocks_by_times ON blocks (refresh_at, next_update, this_update,
  block_id, head_version, lease_until, lease_owner);
DROP INDEX blocks_by_refresh
)";

// Which of its issuer's CRLs a certificate is on. The index answers which of
// them have changed without looking at the rows.
constexpr char kCrlShards[] = R"(
ALTER TABLE certificates ADD COLUMN crl_shard BIGINT NOT NULL DEFAULT 0;
DROP INDEX certificates_by_change;
CREATE INDEX certificates_by_change ON certificates (issuer_id, status_index, crl_shard)
  WHERE status_index >= 0
)";

// time_us: microseconds since 1970.
constexpr char kHeads[] = R"(
CREATE TABLE heads (
  signer TEXT NOT NULL PRIMARY KEY,
  time_us BIGINT NOT NULL,
  head BYTES NOT NULL,
  block_index BYTES NOT NULL
)
)";

// CRLs in parts, and deltas. What was there is fetched from the signer again.
constexpr char kCrlParts[] = R"(
DROP TABLE crls;
CREATE TABLE crls (
  issuer_id BYTES NOT NULL,
  shard BIGINT NOT NULL,
  is_delta BIGINT NOT NULL,
  number BIGINT NOT NULL,
  base_number BIGINT NOT NULL,
  this_update BIGINT NOT NULL,
  next_update BIGINT NOT NULL,
  refresh_at BIGINT NOT NULL,
  ledger_size BIGINT NOT NULL,
  size BIGINT NOT NULL,
  PRIMARY KEY (issuer_id, shard, is_delta)
);
CREATE TABLE crl_parts (
  issuer_id BYTES NOT NULL,
  shard BIGINT NOT NULL,
  is_delta BIGINT NOT NULL,
  number BIGINT NOT NULL,
  part BIGINT NOT NULL,
  data BYTES NOT NULL,
  PRIMARY KEY (issuer_id, shard, is_delta, number, part)
)
)";

// A copy of the ledger. Followers begin anew, so that it is whole: what they
// find again changes nothing.
constexpr char kLedgerFeed[] = R"(
CREATE TABLE ledger_entries (
  signer TEXT NOT NULL,
  entry_index BIGINT NOT NULL,
  entry BYTES NOT NULL,
  PRIMARY KEY (signer, entry_index)
);
CREATE TABLE ledger_roots (
  signer TEXT NOT NULL,
  size BIGINT NOT NULL,
  frontier BYTES NOT NULL,
  signed_root BYTES NOT NULL,
  PRIMARY KEY (signer, size)
);
ALTER TABLE heads ADD COLUMN epoch BIGINT NOT NULL DEFAULT 0;
DELETE FROM ledger_cursors WHERE signer NOT LIKE 'purge:%'
)";

constexpr const char* kMigrations[] = {kFirst, kBlockTimes, kCrlShards,
                                       kHeads, kCrlParts,   kLedgerFeed};

absl::Status RunAll(Session& session, absl::string_view script,
                    Dialect dialect) {
  const std::string text = absl::StrReplaceAll(
      script, {{"BYTES", dialect == Dialect::kPostgres ? "BYTEA" : "BLOB"}});
  for (const absl::string_view statement : absl::StrSplit(text, ';')) {
    RETURN_IF_ERROR(session.Run(statement, {}).status());
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> VersionOf(Session& session) {
  ASSIGN_OR_RETURN(
      const std::vector<Row> rows,
      session.Run("SELECT MAX(version) FROM schema_migrations", {}));
  if (rows.empty() || !std::holds_alternative<int64_t>(rows[0][0])) return 0;
  return std::get<int64_t>(rows[0][0]);
}

// Signatures and serials do not compress, but what stands before them does, so
// that PostgreSQL would try it with all of each value, which took two thirds of
// the time of storing a block. Not all that speak its protocol know the words,
// and somebody may use the table just now: then it stays as it is.
void LeaveUncompressed(Database& database, const std::string& table) {
  if (database.dialect() != Dialect::kPostgres) return;
  database
      .Transact([&](Session& session) -> absl::Status {
        ASSIGN_OR_RETURN(
            const std::vector<Row> rows,
            session.Run("SELECT CAST(attstorage AS TEXT) FROM pg_attribute "
                        "WHERE attrelid = CAST($1 AS regclass) "
                        "AND attname = 'data'",
                        {table}));
        if (!rows.empty() && TextAt(rows[0], 0) == "e") {
          return absl::OkStatus();
        }
        RETURN_IF_ERROR(
            session.Run("SET LOCAL lock_timeout = '1s'", {}).status());
        return session
            .Run(absl::StrCat("ALTER TABLE ", table,
                              " ALTER COLUMN data SET STORAGE EXTERNAL"),
                 {})
            .status();
      })
      .IgnoreError();
}

}  // namespace

absl::Status Migrate(Database& database) {
  constexpr int64_t kNewest = std::size(kMigrations);
  // Processes that start together: the primary key lets one of them write a
  // migration's row; the others run again and find it done.
  RETURN_IF_ERROR(database.Transact([](Session& session) -> absl::Status {
    return session
        .Run(
            "CREATE TABLE IF NOT EXISTS schema_migrations (version BIGINT NOT "
            "NULL PRIMARY KEY)",
            {})
        .status();
  }));
  RETURN_IF_ERROR(database.Transact([&](Session& session) -> absl::Status {
    ASSIGN_OR_RETURN(const int64_t version, VersionOf(session));
    if (version > kNewest) {
      return absl::FailedPreconditionError(absl::StrCat(
          "inventory: its schema is version ", version, ", this program knows ",
          kNewest, ": use a newer program"));
    }
    for (int64_t next = version + 1; next <= kNewest; ++next) {
      RETURN_IF_ERROR(
          session
              .Run("INSERT INTO schema_migrations (version) VALUES ($1)",
                   {next})
              .status());
      RETURN_IF_ERROR(
          RunAll(session, kMigrations[next - 1], database.dialect()));
    }
    return absl::OkStatus();
  }));
  LeaveUncompressed(database, "blocks");
  LeaveUncompressed(database, "block_deltas");
  LeaveUncompressed(database, "crl_parts");
  return absl::OkStatus();
}

}  // namespace chancery::storage
