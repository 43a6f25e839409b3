#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "storage/sql_inventory.h"
#include "storage/sql_value.h"

namespace chancery::storage {
namespace {

constexpr size_t kPartBytes = 1 << 20;
// What one transaction writes: fewer would be slower, more is in memory.
constexpr size_t kPartsAtOnce = 4;

constexpr char kColumns[] =
    "issuer_id, shard, is_delta, number, base_number, this_update, "
    "next_update, refresh_at, ledger_size, size";
constexpr char kOfScope[] = "issuer_id = $1 AND shard = $2 AND is_delta = $3";

CrlRow ToCrl(const Row& row) {
  return {.issuer_id = BlobAt(row, 0),
          .shard = static_cast<uint32_t>(IntAt(row, 1)),
          .is_delta = IntAt(row, 2) != 0,
          .number = ToUint(IntAt(row, 3)),
          .base_number = ToUint(IntAt(row, 4)),
          .this_update = FromSeconds(IntAt(row, 5)),
          .next_update = FromSeconds(IntAt(row, 6)),
          .refresh_at = FromSeconds(IntAt(row, 7)),
          .ledger_size = ToUint(IntAt(row, 8)),
          .size = ToUint(IntAt(row, 9))};
}

absl::Status NotNewer(const CrlRow& crl) {
  return absl::FailedPreconditionError(absl::StrCat(
      "CRL: number ", crl.number, " does not follow the one that is held"));
}

// Cuts pieces of any size into parts of kPartBytes; the last is shorter.
class Parts {
 public:
  explicit Parts(CrlPieces pieces) : pieces_(pieces) {}

  // Up to kPartsAtOnce; none at the end.
  absl::StatusOr<std::vector<std::string>> Next() {
    std::vector<std::string> parts;
    while (parts.size() < kPartsAtOnce) {
      while (rest_.size() < kPartBytes && !ended_) {
        ASSIGN_OR_RETURN(const std::optional<std::string> piece, pieces_());
        ended_ = !piece.has_value();
        if (!ended_) rest_ += *piece;
      }
      if (rest_.empty()) break;
      parts.push_back(rest_.substr(0, kPartBytes));
      rest_.erase(0, kPartBytes);
      bytes_ += parts.back().size();
    }
    return parts;
  }
  uint64_t bytes() const { return bytes_; }

 private:
  CrlPieces pieces_;
  std::string rest_;
  bool ended_ = false;
  uint64_t bytes_ = 0;
};

}  // namespace

// Parts are written under the CRL's number, which nobody looks for yet; one
// statement then makes it the scope's newest, unless that is newer by now.
// What a killed process leaves goes with the next one.
absl::Status SqlInventory::PutCrl(const CrlRow& crl, CrlPieces pieces) {
  const std::vector<Value> scope = {Blob{crl.issuer_id}, int64_t{crl.shard},
                                    int64_t{crl.is_delta}};
  ASSIGN_OR_RETURN(
      const std::vector<Row> held,
      Select(absl::StrCat("SELECT number FROM crls WHERE ", kOfScope), scope));
  if (!held.empty() && IntAt(held[0], 0) >= ToInt(crl.number)) {
    return NotNewer(crl);
  }
  Parts parts(pieces);
  int64_t part = 0;
  while (true) {
    ASSIGN_OR_RETURN(const std::vector<std::string> next, parts.Next());
    if (next.empty()) break;
    RETURN_IF_ERROR(database_->Transact([&](Session& session) -> absl::Status {
      int64_t at = part;
      for (const std::string& data : next) {
        // Another refresher may be storing the same.
        RETURN_IF_ERROR(
            session
                .Run("INSERT INTO crl_parts (issuer_id, shard, is_delta, "
                     "number, part, data) VALUES ($1, $2, $3, $4, $5, $6) "
                     "ON CONFLICT (issuer_id, shard, is_delta, number, part) "
                     "DO NOTHING",
                     {scope[0], scope[1], scope[2], ToInt(crl.number), at,
                      Blob{data}})
                .status());
        ++at;
      }
      return absl::OkStatus();
    }));
    part += static_cast<int64_t>(next.size());
  }
  if (parts.bytes() != crl.size) {
    return absl::InvalidArgumentError(
        absl::StrCat("CRL: size ", crl.size, " was announced, ", parts.bytes(),
                     " bytes came"));
  }
  RETURN_IF_ERROR(database_->Transact([&](Session& session) -> absl::Status {
    // The commit point: compare and swap.
    ASSIGN_OR_RETURN(
        const std::vector<Row> swapped,
        session.Run(
            absl::StrCat("INSERT INTO crls (", kColumns,
                         ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "
                         "ON CONFLICT (issuer_id, shard, is_delta) "
                         "DO UPDATE SET number = excluded.number, "
                         "base_number = excluded.base_number, "
                         "this_update = excluded.this_update, "
                         "next_update = excluded.next_update, "
                         "refresh_at = excluded.refresh_at, "
                         "ledger_size = excluded.ledger_size, "
                         "size = excluded.size "
                         "WHERE crls.number < excluded.number "
                         "RETURNING number"),
            {scope[0], scope[1], scope[2], ToInt(crl.number),
             ToInt(crl.base_number), ToSeconds(crl.this_update),
             ToSeconds(crl.next_update), ToSeconds(crl.refresh_at),
             ToInt(crl.ledger_size), ToInt(crl.size)}));
    if (swapped.empty()) return NotNewer(crl);
    return session
        .Run(absl::StrCat("DELETE FROM crl_parts WHERE ", kOfScope,
                          " AND number < $4"),
             {scope[0], scope[1], scope[2], ToInt(crl.number)})
        .status();
  }));
  crl_parts_.Clear();
  return absl::OkStatus();
}

absl::StatusOr<std::vector<CrlRow>> SqlInventory::ListCrls() {
  ASSIGN_OR_RETURN(
      const std::vector<Row> rows,
      Select(absl::StrCat("SELECT ", kColumns,
                          " FROM crls ORDER BY issuer_id, shard, is_delta"),
             {}));
  std::vector<CrlRow> out;
  for (const Row& row : rows) out.push_back(ToCrl(row));
  return out;
}

absl::StatusOr<std::optional<std::string>> SqlInventory::GetCrlPart(
    const CrlRow& crl, uint32_t part) {
  if (uint64_t{part} * kPartBytes >= crl.size) return std::nullopt;
  ASSIGN_OR_RETURN(std::string data, crl_parts_.Get(crl, part, [&] {
    return ReadCrlPart(crl, part);
  }));
  return std::optional<std::string>(std::move(data));
}

absl::StatusOr<std::string> SqlInventory::ReadCrlPart(const CrlRow& crl,
                                                      uint32_t part) {
  ASSIGN_OR_RETURN(
      const std::vector<Row> rows,
      Select(absl::StrCat("SELECT data FROM crl_parts WHERE ", kOfScope,
                          " AND number = $4 AND part = $5"),
             {Blob{crl.issuer_id}, int64_t{crl.shard}, int64_t{crl.is_delta},
              ToInt(crl.number), int64_t{part}}));
  if (rows.empty()) {
    return absl::AbortedError(
        absl::StrCat("CRL: number ", crl.number,
                     " is not there any more: ask for the list "
                     "again"));
  }
  return BlobAt(rows[0], 0);
}

}  // namespace chancery::storage
