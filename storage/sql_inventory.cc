#include "storage/sql_inventory.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "storage/sql_value.h"

namespace chancery::storage {
absl::Status SqlInventory::PutIssuer(const IssuerRow& issuer) {
  for (const std::string& profile : issuer.profiles) {
    if (profile.empty() || OneLine(profile) != profile) {
      return absl::InvalidArgumentError(
          absl::StrCat("issuer ", OneLine(issuer.name), ": profile \"",
                       OneLine(profile), "\" is not a line of text"));
    }
  }
  return Change(
      "INSERT INTO issuers (issuer_id, name, certificate, chain, profiles) "
      "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (issuer_id) DO UPDATE SET "
      "name = excluded.name, certificate = excluded.certificate, "
      "chain = excluded.chain, profiles = excluded.profiles",
      {Blob{issuer.issuer_id}, issuer.name, Blob{issuer.certificate},
       Blob{JoinBlobs(issuer.chain)}, JoinLines(issuer.profiles)});
}

absl::StatusOr<std::vector<IssuerRow>> SqlInventory::ListIssuers() {
  ASSIGN_OR_RETURN(const std::vector<Row> rows,
                   Select("SELECT issuer_id, name, certificate, chain, "
                          "profiles FROM issuers ORDER BY name, issuer_id",
                          {}));
  std::vector<IssuerRow> out;
  for (const Row& row : rows) {
    ASSIGN_OR_RETURN(std::vector<std::string> chain,
                     SplitBlobs(BlobAt(row, 3)));
    out.push_back({.issuer_id = BlobAt(row, 0),
                   .name = TextAt(row, 1),
                   .certificate = BlobAt(row, 2),
                   .chain = std::move(chain),
                   .profiles = SplitLines(TextAt(row, 4))});
  }
  return out;
}

absl::Status SqlInventory::PutHead(const std::string& signer,
                                   const HeadRow& head) {
  return Change(
      "INSERT INTO heads (signer, time_us, head, block_index, epoch) "
      "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (signer) DO UPDATE SET "
      "time_us = excluded.time_us, head = excluded.head, "
      "block_index = excluded.block_index, epoch = excluded.epoch "
      "WHERE heads.epoch < excluded.epoch OR (heads.epoch = excluded.epoch "
      "AND heads.time_us < excluded.time_us)",
      {signer, absl::ToUnixMicros(head.time), Blob{head.head}, Blob{head.index},
       ToInt(head.epoch)});
}

absl::StatusOr<HeadRow> SqlInventory::GetHead(const std::string& signer) {
  ASSIGN_OR_RETURN(const std::vector<Row> rows,
                   Select("SELECT time_us, head, block_index, epoch FROM heads "
                          "WHERE signer = $1",
                          {signer}));
  if (rows.empty()) return absl::NotFoundError("head: none has come yet");
  return HeadRow{.time = absl::FromUnixMicros(IntAt(rows[0], 0)),
                 .epoch = ToUint(IntAt(rows[0], 3)),
                 .head = BlobAt(rows[0], 1),
                 .index = BlobAt(rows[0], 2)};
}

absl::StatusOr<std::vector<Row>> SqlInventory::Select(
    const std::string& sql, const std::vector<Value>& parameters) {
  return database_->RunAlone(Access::kRead, sql, parameters);
}

absl::Status SqlInventory::Change(const std::string& sql,
                                  const std::vector<Value>& parameters) {
  return database_->RunAlone(Access::kWrite, sql, parameters).status();
}

}  // namespace chancery::storage
