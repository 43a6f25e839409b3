#include "storage/open.h"

#include <utility>

#include "absl/strings/strip.h"
#include "base/status_macros.h"
#include "crypto/secret_source.h"
#include "storage/postgres_database.h"
#include "storage/schema.h"
#include "storage/sql_inventory.h"
#include "storage/sqlite_database.h"

namespace chancery::storage {

absl::StatusOr<std::unique_ptr<Inventory>> OpenSqlite(const std::string& path) {
  ASSIGN_OR_RETURN(auto database, OpenSqliteDatabase(path));
  RETURN_IF_ERROR(Migrate(*database));
  return std::make_unique<SqlInventory>(std::move(database));
}

absl::StatusOr<std::unique_ptr<Inventory>> OpenPostgres(
    const std::string& connection_file, const PostgresOptions& options) {
  ASSIGN_OR_RETURN(const base::Secret connection,
                   crypto::ReadSecretFile(connection_file));
  ASSIGN_OR_RETURN(
      auto database,
      MakePostgresDatabase(std::string(connection.Reveal()), options));
  RETURN_IF_ERROR(Migrate(*database));
  return std::make_unique<SqlInventory>(std::move(database));
}

}  // namespace chancery::storage
