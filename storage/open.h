// Opens an inventory. Both bring the schema up to date, however many processes
// start at once, and refuse one that is newer than they know
// (FailedPrecondition).
#ifndef CHANCERY_STORAGE_OPEN_H_
#define CHANCERY_STORAGE_OPEN_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/inventory.h"

namespace chancery::storage {

// A file (made with mode 0600) that several processes on this machine may open.
// WAL, synchronous=FULL: what returned OK survives a power cut.
absl::StatusOr<std::unique_ptr<Inventory>> OpenSqlite(const std::string& path);

struct PostgresOptions {
  int connections = 4;
  // How long a call tries again before it is Unavailable.
  absl::Duration patience = absl::Seconds(5);
};

// `connection_file` holds a libpq connection string and must be readable by its
// owner only (FailedPrecondition).
absl::StatusOr<std::unique_ptr<Inventory>> OpenPostgres(
    const std::string& connection_file, const PostgresOptions& options = {});

}  // namespace chancery::storage

#endif  // CHANCERY_STORAGE_OPEN_H_
