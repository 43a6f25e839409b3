#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "storage/sql_inventory.h"
#include "storage/sql_value.h"

namespace chancery::storage {
namespace {

constexpr size_t kTemplateIdSize = 32;

// With deltas.
constexpr char kSelectHeadVersion[] =
    "SELECT head_version FROM blocks WHERE block_id = $1";

// 0 if there is no such block.
uint64_t ToHeadVersion(const std::vector<Row>& rows) {
  return rows.empty() ? 0 : ToUint(IntAt(rows[0], 0));
}

// $1 block, $2 version, $3 the version that it leads from, $4 the delta. Only a
// block that is at $3 is moved.
constexpr char kMoveHead[] =
    "UPDATE blocks SET head_version = $2 "
    "WHERE block_id = $1 AND head_version = $3 RETURNING block_id";
constexpr char kInsertDelta[] =
    "INSERT INTO block_deltas (block_id, version, base_version, data) ";

// Rounded up: a lease never ends before its owner thinks it does.
int64_t LeaseEnd(absl::Time until) {
  return ToSeconds(until + absl::Seconds(1) - absl::Nanoseconds(1));
}

absl::StatusOr<BlockRow> ReadBlock(Session& session,
                                   const std::string& block_id) {
  ASSIGN_OR_RETURN(
      const std::vector<Row> rows,
      session.Run("SELECT issuer_id, version, refresh_at, next_update, data, "
                  "template_ids, this_update FROM blocks WHERE block_id = $1",
                  {Blob{block_id}}));
  if (rows.empty()) {
    return absl::NotFoundError(
        absl::StrCat("block: no ", base::Hex(base::AsBytes(block_id))));
  }
  BlockRow block{.block_id = block_id,
                 .issuer_id = BlobAt(rows[0], 0),
                 .version = ToUint(IntAt(rows[0], 1)),
                 .refresh_at = FromSeconds(IntAt(rows[0], 2)),
                 .this_update = FromSeconds(IntAt(rows[0], 6)),
                 .next_update = FromSeconds(IntAt(rows[0], 3)),
                 .data = BlobAt(rows[0], 4)};
  const std::string ids = BlobAt(rows[0], 5);
  for (size_t at = 0; at < ids.size(); at += kTemplateIdSize) {
    block.template_ids.push_back(ids.substr(at, kTemplateIdSize));
  }
  return block;
}

absl::Status ReadDeltas(Session& session, BlockRow& block) {
  ASSIGN_OR_RETURN(
      const std::vector<Row> deltas,
      session.Run("SELECT base_version, version, data FROM block_deltas "
                  "WHERE block_id = $1 ORDER BY version",
                  {Blob{block.block_id}}));
  for (const Row& row : deltas) {
    block.deltas.push_back({.base_version = ToUint(IntAt(row, 0)),
                            .version = ToUint(IntAt(row, 1)),
                            .data = BlobAt(row, 2)});
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status SqlInventory::PutBlock(const BlockRow& block) {
  for (const std::string& id : block.template_ids) {
    if (id.size() != kTemplateIdSize) {
      return absl::InvalidArgumentError(
          absl::StrCat("block: template id ", base::Hex(base::AsBytes(id)),
                       " does not have ", kTemplateIdSize, " bytes"));
    }
  }
  return database_->Transact([&](Session& session) -> absl::Status {
    ASSIGN_OR_RETURN(const std::vector<Row> held,
                     session.Run(kSelectHeadVersion, {Blob{block.block_id}}));
    if (ToHeadVersion(held) >= block.version) return absl::OkStatus();
    RETURN_IF_ERROR(
        session
            .Run("INSERT INTO blocks (block_id, issuer_id, version, "
                 "head_version, refresh_at, next_update, data, template_ids, "
                 "lease_owner, lease_until, this_update) "
                 "VALUES ($1, $2, $3, $3, $4, $5, $6, $7, '', 0, $8) "
                 "ON CONFLICT (block_id) DO UPDATE SET "
                 "version = excluded.version, "
                 "head_version = excluded.head_version, "
                 "refresh_at = excluded.refresh_at, "
                 "next_update = excluded.next_update, data = excluded.data, "
                 "template_ids = excluded.template_ids, "
                 "lease_owner = '', lease_until = 0, "
                 "this_update = excluded.this_update",
                 {Blob{block.block_id}, Blob{block.issuer_id},
                  ToInt(block.version), ToSeconds(block.refresh_at),
                  ToSeconds(block.next_update), Blob{block.data},
                  Blob{absl::StrJoin(block.template_ids, "")},
                  ToSeconds(block.this_update)})
            .status());
    return session
        .Run("DELETE FROM block_deltas WHERE block_id = $1 AND version <= $2",
             {Blob{block.block_id}, ToInt(block.version)})
        .status();
  });
}

absl::StatusOr<bool> SqlInventory::Advance(const std::string& block_id,
                                           const DeltaRow& delta) {
  const std::vector<Value> values = {Blob{block_id}, ToInt(delta.version),
                                     ToInt(delta.base_version),
                                     Blob{delta.data}};
  if (database_->dialect() == Dialect::kPostgres) {
    // Somebody may wait for it: one way there and back.
    ASSIGN_OR_RETURN(
        const std::vector<Row> added,
        database_->RunAlone(
            Access::kWrite,
            absl::StrCat("WITH moved AS (", kMoveHead, ") ", kInsertDelta,
                         "SELECT block_id, $2, $3, CAST($4 AS BYTEA) "
                         "FROM moved RETURNING version"),
            values));
    return !added.empty();
  }
  bool advanced = false;
  RETURN_IF_ERROR(database_->Transact([&](Session& session) -> absl::Status {
    ASSIGN_OR_RETURN(
        const std::vector<Row> moved,
        session.Run(kMoveHead, {values.begin(), values.begin() + 3}));
    advanced = !moved.empty();
    if (!advanced) return absl::OkStatus();
    return session
        .Run(absl::StrCat(kInsertDelta, "VALUES ($1, $2, $3, $4)"), values)
        .status();
  }));
  return advanced;
}

absl::Status SqlInventory::AddDelta(const std::string& block_id,
                                    const DeltaRow& delta) {
  ASSIGN_OR_RETURN(const bool advanced, Advance(block_id, delta));
  if (advanced) return absl::OkStatus();
  ASSIGN_OR_RETURN(const uint64_t held, BlockVersion(block_id));
  if (held >= delta.version) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "delta: leads from version ", delta.base_version, ", held is ", held));
}

absl::StatusOr<BlockRow> SqlInventory::GetBlock(const std::string& block_id) {
  BlockRow block;
  RETURN_IF_ERROR(database_->Read([&](Session& session) -> absl::Status {
    ASSIGN_OR_RETURN(block, ReadBlock(session, block_id));
    return ReadDeltas(session, block);
  }));
  return block;
}

absl::StatusOr<std::map<std::string, uint64_t>> SqlInventory::BlockVersions() {
  ASSIGN_OR_RETURN(const std::vector<Row> rows,
                   Select("SELECT block_id, head_version FROM blocks", {}));
  std::map<std::string, uint64_t> out;
  for (const Row& row : rows) out[BlobAt(row, 0)] = ToUint(IntAt(row, 1));
  return out;
}

absl::StatusOr<uint64_t> SqlInventory::BlockVersion(
    const std::string& block_id) {
  ASSIGN_OR_RETURN(const std::vector<Row> rows,
                   Select(kSelectHeadVersion, {Blob{block_id}}));
  return ToHeadVersion(rows);
}

absl::StatusOr<std::vector<std::string>> SqlInventory::LeaseDueBlocks(
    const std::string& owner, absl::Time now, absl::Duration duration,
    size_t limit) {
  const int64_t until = LeaseEnd(now + duration);
  // One statement. SQLite has one writer at a time; PostgreSQL passes over rows
  // that another refresher is just taking. As a WITH, which is run once: an IN
  // (SELECT ... LIMIT) may be run for each row, and take more.
  const std::string take = absl::StrCat(
      "WITH due AS (SELECT block_id FROM blocks WHERE refresh_at <= $1 "
      "AND (lease_until <= $1 OR lease_owner = $2) "
      "ORDER BY next_update, refresh_at LIMIT $4",
      database_->dialect() == Dialect::kPostgres ? " FOR UPDATE SKIP LOCKED"
                                                 : "",
      ") UPDATE blocks SET lease_owner = $2, lease_until = $3 "
      "WHERE block_id IN (SELECT block_id FROM due) "
      "RETURNING block_id, refresh_at, next_update");
  std::vector<std::tuple<int64_t, int64_t, std::string>> taken;
  RETURN_IF_ERROR(database_->Transact([&](Session& session) -> absl::Status {
    ASSIGN_OR_RETURN(const std::vector<Row> rows,
                     session.Run(take, {ToSeconds(now), owner, until,
                                        static_cast<int64_t>(limit)}));
    taken.clear();
    for (const Row& row : rows) {
      taken.emplace_back(IntAt(row, 2), IntAt(row, 1), BlobAt(row, 0));
    }
    return absl::OkStatus();
  }));
  // They come in any order.
  std::sort(taken.begin(), taken.end());
  std::vector<std::string> out;
  for (auto& [ends, due, id] : taken) out.push_back(std::move(id));
  return out;
}

absl::Status SqlInventory::ReleaseLease(const std::string& block_id,
                                        const std::string& owner) {
  return Change(
      "UPDATE blocks SET lease_owner = '', lease_until = 0 "
      "WHERE block_id = $1 AND lease_owner = $2",
      {Blob{block_id}, owner});
}

absl::Status SqlInventory::RenewLeases(
    const std::string& owner, const std::vector<std::string>& block_ids,
    absl::Time until) {
  return database_->Transact([&](Session& session) -> absl::Status {
    for (const std::string& block_id : block_ids) {
      RETURN_IF_ERROR(session
                          .Run("UPDATE blocks SET lease_until = $3 "
                               "WHERE block_id = $1 AND lease_owner = $2",
                               {Blob{block_id}, owner, LeaseEnd(until)})
                          .status());
    }
    return absl::OkStatus();
  });
}

absl::Status SqlInventory::MakeDue(
    const std::map<std::string, absl::Time>& due_at) {
  if (due_at.empty()) return absl::OkStatus();
  return database_->Transact([&](Session& session) -> absl::Status {
    for (const auto& [block_id, at] : due_at) {
      RETURN_IF_ERROR(session
                          .Run("UPDATE blocks SET refresh_at = $2 "
                               "WHERE block_id = $1 AND refresh_at > $2",
                               {Blob{block_id}, ToSeconds(at)})
                          .status());
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<absl::Time> SqlInventory::EarliestRefresh() {
  ASSIGN_OR_RETURN(const std::vector<Row> rows,
                   Select("SELECT MIN(refresh_at) FROM blocks", {}));
  if (rows.empty() || !std::holds_alternative<int64_t>(rows[0][0])) {
    return absl::InfiniteFuture();
  }
  return FromSeconds(IntAt(rows[0], 0));
}

absl::StatusOr<std::vector<BlockTimes>> SqlInventory::ListBlockTimes(
    std::optional<absl::Time> due_at) {
  const int64_t until = due_at.has_value()
                            ? ToSeconds(*due_at)
                            : ToSeconds(absl::InfiniteFuture()) - 1;
  ASSIGN_OR_RETURN(
      const std::vector<Row> rows,
      Select("SELECT block_id, head_version, this_update, next_update, "
             "refresh_at FROM blocks WHERE refresh_at <= $1 "
             "ORDER BY next_update",
             {until}));
  std::vector<BlockTimes> out;
  for (const Row& row : rows) {
    out.push_back({.block_id = BlobAt(row, 0),
                   .version = ToUint(IntAt(row, 1)),
                   .this_update = FromSeconds(IntAt(row, 2)),
                   .next_update = FromSeconds(IntAt(row, 3)),
                   .refresh_at = FromSeconds(IntAt(row, 4))});
  }
  return out;
}

absl::StatusOr<BlockTimes> SqlInventory::OldestBlockTimes() {
  const int64_t never = ToSeconds(absl::InfiniteFuture());
  ASSIGN_OR_RETURN(
      const std::vector<Row> rows,
      Select("SELECT MIN(CASE WHEN this_update = 0 THEN NULL ELSE this_update "
             "END), MIN(next_update), MIN(refresh_at) FROM blocks "
             "WHERE refresh_at < $1",
             {never}));
  BlockTimes out;
  absl::Time* const fields[] = {&out.this_update, &out.next_update,
                                &out.refresh_at};
  for (size_t i = 0; i < std::size(fields); ++i) {
    const bool has =
        !rows.empty() && std::holds_alternative<int64_t>(rows[0][i]);
    *fields[i] = has ? FromSeconds(IntAt(rows[0], i)) : absl::InfiniteFuture();
  }
  return out;
}

absl::StatusOr<uint64_t> SqlInventory::DropEndedBlocks(absl::Time ended) {
  const std::vector<Value> which = {ToSeconds(absl::InfiniteFuture()),
                                    ToSeconds(ended)};
  uint64_t dropped = 0;
  RETURN_IF_ERROR(database_->Transact([&](Session& session) -> absl::Status {
    ASSIGN_OR_RETURN(const std::vector<Row> rows,
                     session.Run("SELECT block_id FROM blocks WHERE "
                                 "refresh_at = $1 AND next_update < $2",
                                 which));
    dropped = rows.size();
    for (const Row& row : rows) {
      const Blob id{BlobAt(row, 0)};
      RETURN_IF_ERROR(
          session.Run("DELETE FROM block_deltas WHERE block_id = $1", {id})
              .status());
      RETURN_IF_ERROR(session
                          .Run("DELETE FROM blocks WHERE block_id = $1 AND "
                               "refresh_at = $2",
                               {id, which[0]})
                          .status());
    }
    return absl::OkStatus();
  }));
  return dropped;
}

absl::Status SqlInventory::PutTemplate(const std::string& id,
                                       const std::string& data) {
  return Change(
      "INSERT INTO templates (id, data) VALUES ($1, $2) "
      "ON CONFLICT (id) DO NOTHING",
      {Blob{id}, Blob{data}});
}

absl::StatusOr<std::string> SqlInventory::GetTemplate(const std::string& id) {
  ASSIGN_OR_RETURN(
      const std::vector<Row> rows,
      Select("SELECT data FROM templates WHERE id = $1", {Blob{id}}));
  if (rows.empty()) {
    return absl::NotFoundError(
        absl::StrCat("template: no ", base::Hex(base::AsBytes(id))));
  }
  return BlobAt(rows[0], 0);
}

}  // namespace chancery::storage
