// The inventory's tables, as migrations that are applied in order, once.
#ifndef CHANCERY_STORAGE_SCHEMA_H_
#define CHANCERY_STORAGE_SCHEMA_H_

#include "absl/status/status.h"
#include "storage/database.h"

namespace chancery::storage {

// FailedPrecondition: the database was made by a newer version.
absl::Status Migrate(Database& database);

}  // namespace chancery::storage

#endif  // CHANCERY_STORAGE_SCHEMA_H_
