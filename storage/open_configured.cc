#include "storage/open_configured.h"

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "chancery/config/common.pb.h"
#include "storage/open.h"

namespace chancery::storage {
namespace {

constexpr uint32_t kMaxConnections = 64;

}  // namespace

absl::Status CheckInventory(const config::Inventory& config) {
  if (config.sqlite_file().empty() == config.postgres_file().empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("field `inventory`: value `", config.sqlite_file(),
                     "`: set one of sqlite_file and postgres_file"));
  }
  if (config.postgres_connections() > kMaxConnections) {
    return absl::InvalidArgumentError(absl::StrCat(
        "field `inventory.postgres_connections`: value `",
        config.postgres_connections(), "`: at most ", kMaxConnections));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Inventory>> OpenConfigured(
    const config::Inventory& config) {
  RETURN_IF_ERROR(CheckInventory(config));
  if (!config.sqlite_file().empty()) return OpenSqlite(config.sqlite_file());
  PostgresOptions options;
  if (config.postgres_connections() != 0) {
    options.connections = static_cast<int>(config.postgres_connections());
  }
  return OpenPostgres(config.postgres_file(), options);
}

}  // namespace chancery::storage
