#include "storage/sql_inventory.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/encoding.h"
#include "base/status_macros.h"

namespace chancery::storage {
namespace {

constexpr size_t kMaxPage = 1000;
constexpr int64_t kNever = int64_t{1}
                           << 60;  // refresh_at of what is never due.
constexpr size_t kTemplateIdSize = 32;

int64_t Seconds(absl::Time time) {
  return time == absl::InfiniteFuture() ? kNever : absl::ToUnixSeconds(time);
}
absl::Time FromSeconds(int64_t seconds) {
  return seconds == kNever ? absl::InfiniteFuture()
                           : absl::FromUnixSeconds(seconds);
}
int64_t Signed(uint64_t value) { return static_cast<int64_t>(value); }

int64_t Int(const Row& row, size_t i) {
  const auto* value = std::get_if<int64_t>(&row[i]);
  return value == nullptr ? 0 : *value;
}
std::string Text(const Row& row, size_t i) {
  const auto* value = std::get_if<std::string>(&row[i]);
  return value == nullptr ? std::string() : *value;
}
std::string Bytes(const Row& row, size_t i) {
  const auto* value = std::get_if<Blob>(&row[i]);
  return value == nullptr ? std::string() : value->bytes;
}

// Names hold no line ends: the CA refuses control characters.
std::string JoinLines(const std::vector<std::string>& lines) {
  return absl::StrJoin(lines, "\n");
}
std::vector<std::string> SplitLines(const std::string& text) {
  if (text.empty()) return {};
  return absl::StrSplit(text, '\n');
}

// DER certificates one after the other, each with four bytes of length.
std::string JoinDer(const std::vector<std::string>& certificates) {
  std::string out;
  for (const std::string& der : certificates) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      out.push_back(static_cast<char>(der.size() >> shift));
    }
    out += der;
  }
  return out;
}
std::vector<std::string> SplitDer(const std::string& joined) {
  std::vector<std::string> out;
  for (size_t at = 0; at + 4 <= joined.size();) {
    size_t size = 0;
    for (int i = 0; i < 4; ++i)
      size = size << 8 | static_cast<uint8_t>(joined[at + i]);
    out.push_back(joined.substr(at + 4, size));
    at += 4 + size;
  }
  return out;
}

constexpr char kCertificateColumns[] =
    "issuer_id, serial, der, subject, names, not_before, not_after, profile, "
    "requester, "
    "request_id, status, reason, revoked_at, block_id, issued_index, "
    "status_index";

CertificateRow ToCertificate(const Row& row) {
  return {.issuer_id = Bytes(row, 0),
          .serial = Bytes(row, 1),
          .der = Bytes(row, 2),
          .subject = Text(row, 3),
          .names = SplitLines(Text(row, 4)),
          .not_before = FromSeconds(Int(row, 5)),
          .not_after = FromSeconds(Int(row, 6)),
          .profile = Text(row, 7),
          .requester = Text(row, 8),
          .request_id = Text(row, 9),
          .status = static_cast<CertificateStatus>(Int(row, 10)),
          .reason = static_cast<int>(Int(row, 11)),
          .revoked_at = FromSeconds(Int(row, 12)),
          .block_id = Bytes(row, 13),
          .ledger_index = static_cast<uint64_t>(Int(row, 15))};
}

absl::Status AddCertificate(Session& session, const CertificateRow& row) {
  ASSIGN_OR_RETURN(
      const std::vector<Row> held,
      session.Run(
          "SELECT der FROM certificates WHERE issuer_id = $1 AND serial = $2",
          {Blob{row.issuer_id}, Blob{row.serial}}));
  if (held.empty()) {
    return session
        .Run(absl::StrCat("INSERT INTO certificates (", kCertificateColumns,
                          ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, "
                          "$11, $12, $13, "
                          "$14, $15, $16)"),
             {Blob{row.issuer_id}, Blob{row.serial}, Blob{row.der}, row.subject,
              JoinLines(row.names), Seconds(row.not_before),
              Seconds(row.not_after), row.profile, row.requester,
              row.request_id, static_cast<int64_t>(row.status),
              int64_t{row.reason}, Seconds(row.revoked_at), Blob{row.block_id},
              Signed(row.ledger_index), Signed(row.ledger_index)})
        .status();
  }
  if (Bytes(held[0], 0) != row.der) {
    return absl::AlreadyExistsError(absl::StrCat(
        "certificate: serial ", base::Hex(base::AsBytes(row.serial)),
        " is in the inventory with other bytes"));
  }
  return absl::OkStatus();
}

absl::Status ApplyStatus(Session& session, const StatusRow& row) {
  ASSIGN_OR_RETURN(const std::vector<Row> held,
                   session.Run("SELECT status_index FROM certificates WHERE "
                               "issuer_id = $1 AND serial = $2",
                               {Blob{row.issuer_id}, Blob{row.serial}}));
  if (held.empty()) {
    return absl::NotFoundError(absl::StrCat(
        "certificate: serial ", base::Hex(base::AsBytes(row.serial)),
        " is not in the inventory"));
  }
  if (Int(held[0], 0) >= Signed(row.ledger_index)) return absl::OkStatus();
  return session
      .Run(
          "UPDATE certificates SET status = $3, reason = $4, revoked_at = $5, "
          "status_index = $6 "
          "WHERE issuer_id = $1 AND serial = $2",
          {Blob{row.issuer_id}, Blob{row.serial},
           static_cast<int64_t>(row.status), int64_t{row.reason},
           Seconds(row.revoked_at), Signed(row.ledger_index)})
      .status();
}

// The conditions of a listing, and their parameters.
class Conditions {
 public:
  void Add(absl::string_view before, Value value,
           absl::string_view after = "") {
    parameters_.push_back(std::move(value));
    absl::StrAppend(&sql_, sql_.empty() ? " WHERE " : " AND ", before, "$",
                    parameters_.size(), after);
  }
  // One value, in two places.
  void AddEither(absl::string_view one, absl::string_view other, Value value) {
    parameters_.push_back(std::move(value));
    absl::StrAppend(&sql_, sql_.empty() ? " WHERE " : " AND ", "(", one, "$",
                    parameters_.size(), " ESCAPE '\\' OR ", other, "$",
                    parameters_.size(), " ESCAPE '\\')");
  }
  const std::string& sql() const { return sql_; }
  const std::vector<Value>& parameters() const { return parameters_; }

 private:
  std::string sql_;
  std::vector<Value> parameters_;
};

std::string ForLike(const std::string& text) {
  std::string out = "%";
  for (char c : text) {
    if (c == '%' || c == '_' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out + "%";
}

class SqlInventory final : public Inventory {
 public:
  explicit SqlInventory(std::unique_ptr<Database> database)
      : database_(std::move(database)) {}

  // --- certificates ---------------------------------------------------------

  absl::Status AddCertificates(
      const std::vector<CertificateRow>& rows) override {
    return database_->Transact([&](Session& session) -> absl::Status {
      for (const CertificateRow& row : rows)
        RETURN_IF_ERROR(AddCertificate(session, row));
      return absl::OkStatus();
    });
  }

  absl::Status SetStatus(const StatusRow& status) override {
    return database_->Transact([&](Session& session) -> absl::Status {
      return ApplyStatus(session, status);
    });
  }

  absl::StatusOr<CertificateRow> FindCertificate(
      const std::string& issuer_id, const std::string& serial) override {
    ASSIGN_OR_RETURN(
        const std::vector<Row> rows,
        Select(absl::StrCat(
                   "SELECT ", kCertificateColumns,
                   " FROM certificates WHERE issuer_id = $1 AND serial = $2"),
               {Blob{issuer_id}, Blob{serial}}));
    if (rows.empty()) {
      return absl::NotFoundError(absl::StrCat(
          "certificate: no serial ", base::Hex(base::AsBytes(serial))));
    }
    return ToCertificate(rows[0]);
  }

  absl::StatusOr<std::vector<CertificateRow>> FindSerial(
      const std::string& serial) override {
    ASSIGN_OR_RETURN(
        const std::vector<Row> rows,
        Select(absl::StrCat(
                   "SELECT ", kCertificateColumns,
                   " FROM certificates WHERE serial = $1 ORDER BY issuer_id"),
               {Blob{serial}}));
    std::vector<CertificateRow> out;
    for (const Row& row : rows) out.push_back(ToCertificate(row));
    return out;
  }

  absl::StatusOr<CertificatePage> ListCertificates(
      const CertificateFilter& filter, const std::string& page_token,
      size_t limit) override {
    limit = std::clamp<size_t>(limit, 1, kMaxPage);
    Conditions where;
    if (!page_token.empty()) {
      int64_t after;
      if (!absl::SimpleAtoi(page_token, &after) || after < 0) {
        return absl::InvalidArgumentError(absl::StrCat(
            "page_token: \"", page_token, "\" is not from an earlier page"));
      }
      where.Add("issued_index > ", after);
    }
    if (!filter.issuer_id.empty())
      where.Add("issuer_id = ", Blob{filter.issuer_id});
    if (filter.status)
      where.Add("status = ", static_cast<int64_t>(*filter.status));
    if (!filter.text.empty()) {
      where.AddEither("subject LIKE ", "names LIKE ", ForLike(filter.text));
    }
    if (!filter.profile.empty()) where.Add("profile = ", filter.profile);
    if (!filter.requester.empty()) where.Add("requester = ", filter.requester);
    if (filter.expires_after)
      where.Add("not_after > ", Seconds(*filter.expires_after));
    if (filter.expires_before)
      where.Add("not_after < ", Seconds(*filter.expires_before));
    ASSIGN_OR_RETURN(
        const std::vector<Row> rows,
        Select(absl::StrCat("SELECT ", kCertificateColumns,
                            " FROM certificates", where.sql(),
                            " ORDER BY issued_index LIMIT ", limit + 1),
               where.parameters()));
    CertificatePage page;
    for (size_t i = 0; i < std::min(limit, rows.size()); ++i) {
      page.rows.push_back(ToCertificate(rows[i]));
    }
    if (rows.size() > limit)
      page.next_token = absl::StrCat(Int(rows[limit - 1], 14));
    return page;
  }

  absl::StatusOr<std::map<CertificateStatus, uint64_t>> CountByStatus()
      override {
    ASSIGN_OR_RETURN(
        const std::vector<Row> rows,
        Select("SELECT status, COUNT(*) FROM certificates GROUP BY status",
               {}));
    std::map<CertificateStatus, uint64_t> out;
    for (const Row& row : rows) {
      out[static_cast<CertificateStatus>(Int(row, 0))] =
          static_cast<uint64_t>(Int(row, 1));
    }
    return out;
  }

  absl::StatusOr<std::optional<uint64_t>> LastStatusChange(
      const std::string& issuer_id) override {
    ASSIGN_OR_RETURN(
        const std::vector<Row> rows,
        Select("SELECT MAX(status_index) FROM certificates "
               "WHERE issuer_id = $1 AND status_index > issued_index",
               {Blob{issuer_id}}));
    if (rows.empty() || !std::holds_alternative<int64_t>(rows[0][0]))
      return std::nullopt;
    return static_cast<uint64_t>(Int(rows[0], 0));
  }

  // --- blocks ---------------------------------------------------------------

  absl::Status PutBlock(const BlockRow& block) override {
    return database_->Transact([&](Session& session) -> absl::Status {
      ASSIGN_OR_RETURN(const std::optional<uint64_t> held,
                       HeadVersion(session, block.block_id));
      if (held.has_value() && *held >= block.version) return absl::OkStatus();
      RETURN_IF_ERROR(
          session
              .Run(
                  "INSERT INTO blocks (block_id, issuer_id, version, "
                  "head_version, refresh_at, "
                  "data, template_ids, lease_owner, lease_until) "
                  "VALUES ($1, $2, $3, $3, $4, $5, $6, '', 0) "
                  "ON CONFLICT (block_id) DO UPDATE SET version = "
                  "excluded.version, "
                  "head_version = excluded.head_version, refresh_at = "
                  "excluded.refresh_at, "
                  "data = excluded.data, template_ids = excluded.template_ids, "
                  "lease_owner = '', lease_until = 0",
                  {Blob{block.block_id}, Blob{block.issuer_id},
                   Signed(block.version), Seconds(block.refresh_at),
                   Blob{block.data},
                   Blob{absl::StrJoin(block.template_ids, "")}})
              .status());
      return session
          .Run("DELETE FROM block_deltas WHERE block_id = $1 AND version <= $2",
               {Blob{block.block_id}, Signed(block.version)})
          .status();
    });
  }

  absl::Status AddDelta(const std::string& block_id,
                        const DeltaRow& delta) override {
    return database_->Transact([&](Session& session) -> absl::Status {
      ASSIGN_OR_RETURN(const std::optional<uint64_t> held,
                       HeadVersion(session, block_id));
      if (held.has_value() && *held >= delta.version) return absl::OkStatus();
      if (!held.has_value() || *held != delta.base_version) {
        return absl::FailedPreconditionError(
            absl::StrCat("delta: leads from version ", delta.base_version,
                         ", held is ", held.value_or(0)));
      }
      RETURN_IF_ERROR(session
                          .Run("INSERT INTO block_deltas (block_id, version, "
                               "base_version, data) "
                               "VALUES ($1, $2, $3, $4)",
                               {Blob{block_id}, Signed(delta.version),
                                Signed(delta.base_version), Blob{delta.data}})
                          .status());
      return session
          .Run("UPDATE blocks SET head_version = $2 WHERE block_id = $1",
               {Blob{block_id}, Signed(delta.version)})
          .status();
    });
  }

  absl::StatusOr<BlockRow> GetBlock(const std::string& block_id) override {
    BlockRow block;
    RETURN_IF_ERROR(database_->Read([&](Session& session) -> absl::Status {
      block = BlockRow();
      ASSIGN_OR_RETURN(
          const std::vector<Row> rows,
          session.Run(
              "SELECT issuer_id, version, refresh_at, data, template_ids "
              "FROM blocks WHERE block_id = $1",
              {Blob{block_id}}));
      if (rows.empty()) {
        return absl::NotFoundError(
            absl::StrCat("block: no ", base::Hex(base::AsBytes(block_id))));
      }
      block.block_id = block_id;
      block.issuer_id = Bytes(rows[0], 0);
      block.version = static_cast<uint64_t>(Int(rows[0], 1));
      block.refresh_at = FromSeconds(Int(rows[0], 2));
      block.data = Bytes(rows[0], 3);
      const std::string ids = Bytes(rows[0], 4);
      for (size_t at = 0; at + kTemplateIdSize <= ids.size();
           at += kTemplateIdSize) {
        block.template_ids.push_back(ids.substr(at, kTemplateIdSize));
      }
      ASSIGN_OR_RETURN(
          const std::vector<Row> deltas,
          session.Run("SELECT base_version, version, data FROM block_deltas "
                      "WHERE block_id = $1 ORDER BY version",
                      {Blob{block_id}}));
      for (const Row& row : deltas) {
        block.deltas.push_back(
            {.base_version = static_cast<uint64_t>(Int(row, 0)),
             .version = static_cast<uint64_t>(Int(row, 1)),
             .data = Bytes(row, 2)});
      }
      return absl::OkStatus();
    }));
    return block;
  }

  absl::StatusOr<std::map<std::string, uint64_t>> BlockVersions() override {
    ASSIGN_OR_RETURN(const std::vector<Row> rows,
                     Select("SELECT block_id, head_version FROM blocks", {}));
    std::map<std::string, uint64_t> out;
    for (const Row& row : rows)
      out[Bytes(row, 0)] = static_cast<uint64_t>(Int(row, 1));
    return out;
  }

  absl::StatusOr<std::vector<std::string>> LeaseDueBlocks(
      const std::string& owner, absl::Time now, absl::Duration duration,
      size_t limit) override {
    std::vector<std::string> out;
    // SQLite has one writer at a time; PostgreSQL passes over rows that another
    // refresher is just taking.
    const char* skip = database_->dialect() == Dialect::kPostgres
                           ? " FOR UPDATE SKIP LOCKED"
                           : "";
    RETURN_IF_ERROR(database_->Transact([&](Session& session) -> absl::Status {
      out.clear();
      ASSIGN_OR_RETURN(
          const std::vector<Row> rows,
          session.Run(
              absl::StrCat("SELECT block_id FROM blocks WHERE refresh_at <= $1 "
                           "AND (lease_until <= $1 OR lease_owner = $2) "
                           "ORDER BY refresh_at LIMIT ",
                           limit, skip),
              {Seconds(now), owner}));
      for (const Row& row : rows) {
        RETURN_IF_ERROR(
            session
                .Run("UPDATE blocks SET lease_owner = $2, lease_until = $3 "
                     "WHERE block_id = $1",
                     {Blob{Bytes(row, 0)}, owner, Seconds(now + duration)})
                .status());
        out.push_back(Bytes(row, 0));
      }
      return absl::OkStatus();
    }));
    return out;
  }

  absl::Status ReleaseLease(const std::string& block_id,
                            const std::string& owner) override {
    return Change(
        "UPDATE blocks SET lease_owner = '', lease_until = 0 "
        "WHERE block_id = $1 AND lease_owner = $2",
        {Blob{block_id}, owner});
  }

  absl::StatusOr<absl::Time> EarliestRefresh() override {
    ASSIGN_OR_RETURN(const std::vector<Row> rows,
                     Select("SELECT MIN(refresh_at) FROM blocks", {}));
    if (rows.empty() || !std::holds_alternative<int64_t>(rows[0][0])) {
      return absl::InfiniteFuture();
    }
    return FromSeconds(Int(rows[0], 0));
  }

  absl::Status PutTemplate(const std::string& id,
                           const std::string& data) override {
    return Change(
        "INSERT INTO templates (id, data) VALUES ($1, $2) ON CONFLICT (id) DO "
        "NOTHING",
        {Blob{id}, Blob{data}});
  }

  absl::StatusOr<std::string> GetTemplate(const std::string& id) override {
    ASSIGN_OR_RETURN(
        const std::vector<Row> rows,
        Select("SELECT data FROM templates WHERE id = $1", {Blob{id}}));
    if (rows.empty()) {
      return absl::NotFoundError(
          absl::StrCat("template: no ", base::Hex(base::AsBytes(id))));
    }
    return Bytes(rows[0], 0);
  }

  // --- CRLs -----------------------------------------------------------------

  absl::Status PutCrl(const CrlRow& crl) override {
    return database_->Transact([&](Session& session) -> absl::Status {
      ASSIGN_OR_RETURN(
          const std::vector<Row> held,
          session.Run(
              "SELECT number FROM crls WHERE issuer_id = $1 AND shard = $2",
              {Blob{crl.issuer_id}, int64_t{crl.shard}}));
      if (!held.empty() && Int(held[0], 0) >= Signed(crl.number)) {
        return absl::FailedPreconditionError(absl::StrCat(
            "CRL: number ", crl.number, " does not follow ", Int(held[0], 0)));
      }
      return session
          .Run(
              "INSERT INTO crls (issuer_id, shard, number, this_update, "
              "next_update, refresh_at, "
              "ledger_size, der) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) "
              "ON CONFLICT (issuer_id, shard) DO UPDATE SET number = "
              "excluded.number, "
              "this_update = excluded.this_update, next_update = "
              "excluded.next_update, "
              "refresh_at = excluded.refresh_at, ledger_size = "
              "excluded.ledger_size, "
              "der = excluded.der",
              {Blob{crl.issuer_id}, int64_t{crl.shard}, Signed(crl.number),
               Seconds(crl.this_update), Seconds(crl.next_update),
               Seconds(crl.refresh_at), Signed(crl.ledger_size), Blob{crl.der}})
          .status();
    });
  }

  absl::StatusOr<std::vector<CrlRow>> ListCrls() override {
    ASSIGN_OR_RETURN(
        const std::vector<Row> rows,
        Select(absl::StrCat("SELECT ", kCrlColumns,
                            " FROM crls ORDER BY issuer_id, shard"),
               {}));
    std::vector<CrlRow> out;
    for (const Row& row : rows) out.push_back(ToCrl(row));
    return out;
  }

  absl::StatusOr<CrlRow> GetCrl(const std::string& issuer_id,
                                uint32_t shard) override {
    ASSIGN_OR_RETURN(
        const std::vector<Row> rows,
        Select(
            absl::StrCat("SELECT ", kCrlColumns,
                         ", der FROM crls WHERE issuer_id = $1 AND shard = $2"),
            {Blob{issuer_id}, int64_t{shard}}));
    if (rows.empty()) return absl::NotFoundError("CRL: none was signed yet");
    CrlRow crl = ToCrl(rows[0]);
    crl.der = Bytes(rows[0], 7);
    return crl;
  }

  // --- issuers and cursor ---------------------------------------------------

  absl::Status PutIssuer(const IssuerRow& issuer) override {
    return Change(
        "INSERT INTO issuers (issuer_id, name, certificate, chain, profiles) "
        "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (issuer_id) DO UPDATE SET "
        "name = excluded.name, "
        "certificate = excluded.certificate, chain = excluded.chain, "
        "profiles = excluded.profiles",
        {Blob{issuer.issuer_id}, issuer.name, Blob{issuer.certificate},
         Blob{JoinDer(issuer.chain)}, JoinLines(issuer.profiles)});
  }

  absl::StatusOr<std::vector<IssuerRow>> ListIssuers() override {
    ASSIGN_OR_RETURN(
        const std::vector<Row> rows,
        Select(
            "SELECT issuer_id, name, certificate, chain, profiles FROM issuers "
            "ORDER BY name",
            {}));
    std::vector<IssuerRow> out;
    for (const Row& row : rows) {
      out.push_back({.issuer_id = Bytes(row, 0),
                     .name = Text(row, 1),
                     .certificate = Bytes(row, 2),
                     .chain = SplitDer(Bytes(row, 3)),
                     .profiles = SplitLines(Text(row, 4))});
    }
    return out;
  }

  absl::StatusOr<uint64_t> NextIndex() override {
    ASSIGN_OR_RETURN(
        const std::vector<Row> rows,
        Select("SELECT next_index FROM ledger_cursor WHERE id = 1", {}));
    if (rows.empty())
      return absl::DataLossError("inventory: it has no ledger cursor");
    return static_cast<uint64_t>(Int(rows[0], 0));
  }

  absl::Status ApplyLedgerStep(const LedgerStep& step) override {
    return database_->Transact([&](Session& session) -> absl::Status {
      ASSIGN_OR_RETURN(
          const std::vector<Row> rows,
          session.Run("SELECT next_index FROM ledger_cursor WHERE id = 1", {}));
      if (rows.empty())
        return absl::DataLossError("inventory: it has no ledger cursor");
      if (Int(rows[0], 0) >= Signed(step.next_index)) return absl::OkStatus();
      for (const CertificateRow& row : step.certificates) {
        RETURN_IF_ERROR(AddCertificate(session, row));
      }
      for (const StatusRow& row : step.statuses)
        RETURN_IF_ERROR(ApplyStatus(session, row));
      return session
          .Run("UPDATE ledger_cursor SET next_index = $1 WHERE id = 1",
               {Signed(step.next_index)})
          .status();
    });
  }

 private:
  static constexpr char kCrlColumns[] =
      "issuer_id, shard, number, this_update, next_update, refresh_at, "
      "ledger_size";

  static CrlRow ToCrl(const Row& row) {
    return {.issuer_id = Bytes(row, 0),
            .shard = static_cast<uint32_t>(Int(row, 1)),
            .number = static_cast<uint64_t>(Int(row, 2)),
            .this_update = FromSeconds(Int(row, 3)),
            .next_update = FromSeconds(Int(row, 4)),
            .refresh_at = FromSeconds(Int(row, 5)),
            .ledger_size = static_cast<uint64_t>(Int(row, 6)),
            .der = {}};
  }

  static absl::StatusOr<std::optional<uint64_t>> HeadVersion(
      Session& session, const std::string& block_id) {
    ASSIGN_OR_RETURN(
        const std::vector<Row> rows,
        session.Run("SELECT head_version FROM blocks WHERE block_id = $1",
                    {Blob{block_id}}));
    if (rows.empty()) return std::nullopt;
    return static_cast<uint64_t>(Int(rows[0], 0));
  }

  absl::StatusOr<std::vector<Row>> Select(
      const std::string& sql, const std::vector<Value>& parameters) {
    std::vector<Row> rows;
    RETURN_IF_ERROR(database_->Read([&](Session& session) -> absl::Status {
      ASSIGN_OR_RETURN(rows, session.Run(sql, parameters));
      return absl::OkStatus();
    }));
    return rows;
  }

  absl::Status Change(const std::string& sql,
                      const std::vector<Value>& parameters) {
    return database_->Transact([&](Session& session) -> absl::Status {
      return session.Run(sql, parameters).status();
    });
  }

  const std::unique_ptr<Database> database_;
};

}  // namespace

std::unique_ptr<Inventory> MakeSqlInventory(
    std::unique_ptr<Database> database) {
  return std::make_unique<SqlInventory>(std::move(database));
}

}  // namespace chancery::storage
