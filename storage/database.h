// SQL as SQLite and PostgreSQL both understand it.
//
// Parameters are written $1, $2 ... in both. Statements use only what
// PostgreSQL-compatible distributed databases take too.
#ifndef CHANCERY_STORAGE_DATABASE_H_
#define CHANCERY_STORAGE_DATABASE_H_

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace chancery::storage {

struct Blob {
  std::string bytes;
};

using Value = std::variant<std::monostate, int64_t, std::string, Blob>;
using Row = std::vector<Value>;

// One transaction in progress.
class Session {
 public:
  virtual ~Session() = default;
  virtual absl::StatusOr<std::vector<Row>> Run(
      absl::string_view sql, const std::vector<Value>& parameters) = 0;
};

enum class Dialect { kSqlite, kPostgres };
enum class Access { kRead, kWrite };

class Database {
 public:
  virtual ~Database() = default;
  virtual Dialect dialect() const = 0;

  // Runs `work` in a transaction and commits if it returns OK. What is only
  // busy, lost a race or lost its connection is run again from its start for a
  // while, so `work` must not act on anything but the session; then
  // Unavailable.
  virtual absl::Status Transact(
      absl::FunctionRef<absl::Status(Session&)> work) = 0;
  // As Transact, for reading only.
  virtual absl::Status Read(absl::FunctionRef<absl::Status(Session&)> work) = 0;
  // A transaction of one statement, which takes one way to a server and back in
  // place of three. It must be right for rows that others change while it
  // waits for them. AlreadyExists: it inserts a row that is there, and has done
  // nothing.
  virtual absl::StatusOr<std::vector<Row>> RunAlone(
      Access access, absl::string_view sql,
      const std::vector<Value>& parameters) = 0;
};

}  // namespace chancery::storage

#endif  // CHANCERY_STORAGE_DATABASE_H_
