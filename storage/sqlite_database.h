#ifndef CHANCERY_STORAGE_SQLITE_DATABASE_H_
#define CHANCERY_STORAGE_SQLITE_DATABASE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "storage/database.h"

namespace chancery::storage {

// A SQLite file in WAL mode with synchronous=FULL: a connection that writes,
// and one for each reader that is at work.
absl::StatusOr<std::unique_ptr<Database>> OpenSqliteDatabase(
    const std::string& path);

}  // namespace chancery::storage

#endif  // CHANCERY_STORAGE_SQLITE_DATABASE_H_
