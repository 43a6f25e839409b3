#ifndef CHANCERY_STORAGE_POSTGRES_DATABASE_H_
#define CHANCERY_STORAGE_POSTGRES_DATABASE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "storage/database.h"
#include "storage/open.h"

namespace chancery::storage {

// PostgreSQL, or what speaks its protocol, through a pool of connections. They
// are made when needed and made again when lost: this does not connect.
// InvalidArgument: a connection string that libpq cannot parse.
absl::StatusOr<std::unique_ptr<Database>> MakePostgresDatabase(
    const std::string& connection_string, const PostgresOptions& options);

}  // namespace chancery::storage

#endif  // CHANCERY_STORAGE_POSTGRES_DATABASE_H_
