#ifndef CHANCERY_STORAGE_POSTGRES_CONNINFO_H_
#define CHANCERY_STORAGE_POSTGRES_CONNINFO_H_

#include <string>

#include "absl/status/statusor.h"

namespace chancery::storage {

// A libpq connection string (key words or a URI) as key words, with limits on
// how long a silent host is waited for where it names none; of several hosts,
// the one that takes writes.
// InvalidArgument if libpq cannot parse it; the message, which goes to the log,
// says nothing of what is in it, since that may be a password.
absl::StatusOr<std::string> CompleteConninfo(const std::string& conninfo);

}  // namespace chancery::storage

#endif  // CHANCERY_STORAGE_POSTGRES_CONNINFO_H_
