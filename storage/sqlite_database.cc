#include "storage/sqlite_database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "storage/sql_value.h"

namespace chancery::storage {
namespace {

constexpr int kBusyTimeoutMs = 5000;
constexpr int kPauseMs = 10;

absl::Status FromSqlite(sqlite3* db, int code, absl::string_view what) {
  const std::string text =
      absl::StrCat("SQLite: ", what, ": ", sqlite3_errmsg(db));
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::UnavailableError(text);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::DataLossError(text);
    case SQLITE_FULL:
      return absl::ResourceExhaustedError(text);
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
    case SQLITE_READONLY:
      return absl::UnavailableError(text);
    case SQLITE_CONSTRAINT:
      return absl::AlreadyExistsError(text);
    default:
      return absl::InternalError(text);
  }
}

// One connection with its prepared statements. Thread-compatible.
class SqliteConnection final : public Session {
 public:
  static absl::StatusOr<std::unique_ptr<SqliteConnection>> Open(
      const std::string& path) {
    sqlite3* db = nullptr;
    const int code = sqlite3_open_v2(
        path.c_str(), &db,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
        nullptr);
    std::unique_ptr<SqliteConnection> connection(new SqliteConnection(db));
    if (code != SQLITE_OK)
      return FromSqlite(db, code, absl::StrCat("open ", path));
    sqlite3_extended_result_codes(db, 1);
    sqlite3_busy_timeout(db, kBusyTimeoutMs);
    RETURN_IF_ERROR(connection->UseWal());
    for (const char* pragma :
         {"PRAGMA synchronous=FULL", "PRAGMA foreign_keys=ON",
          // kB. Serials are random: each new one is somewhere in an index, of
          // which little would be in SQLite's own 2 MB.
          "PRAGMA cache_size=-32768"}) {
      RETURN_IF_ERROR(connection->Run(pragma, {}).status());
    }
    return connection;
  }

  ~SqliteConnection() override {
    for (const auto& [sql, statement] : statements_)
      sqlite3_finalize(statement);
    sqlite3_close(db_);
  }

  absl::StatusOr<std::vector<Row>> Run(
      absl::string_view sql, const std::vector<Value>& parameters) override {
    RETURN_IF_ERROR(CheckTexts(parameters));
    ASSIGN_OR_RETURN(sqlite3_stmt * statement, Prepare(std::string(sql)));
    for (size_t i = 0; i < parameters.size(); ++i)
      Bind(statement, i, parameters[i]);
    std::vector<Row> rows;
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW)
      rows.push_back(ReadRow(statement));
    absl::Status status;
    if (code != SQLITE_DONE) status = FromSqlite(db_, code, "run");
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    RETURN_IF_ERROR(status);
    return rows;
  }

 private:
  explicit SqliteConnection(sqlite3* db) : db_(db) {}

  // The first change to WAL needs the file alone and does not heed the busy
  // timeout, so processes that start together may find each other in the way.
  absl::Status UseWal() {
    for (int waited_ms = 0;; waited_ms += kPauseMs) {
      const absl::Status status = Run("PRAGMA journal_mode=WAL", {}).status();
      if (!absl::IsUnavailable(status) || waited_ms >= kBusyTimeoutMs) {
        return status;
      }
      sqlite3_sleep(kPauseMs);
    }
  }

  absl::StatusOr<sqlite3_stmt*> Prepare(const std::string& sql) {
    const auto found = statements_.find(sql);
    if (found != statements_.end()) return found->second;
    sqlite3_stmt* statement = nullptr;
    const int code =
        sqlite3_prepare_v3(db_, sql.c_str(), static_cast<int>(sql.size()),
                           SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK)
      return FromSqlite(db_, code, absl::StrCat("prepare ", sql));
    statements_[sql] = statement;
    return statement;
  }

  // $1 is the name of a parameter in SQLite, and may stand in any order.
  // `value` must live until the bindings are cleared.
  static void Bind(sqlite3_stmt* statement, size_t number, const Value& value) {
    const int index = sqlite3_bind_parameter_index(
        statement, absl::StrCat("$", number + 1).c_str());
    if (index == 0) return;
    if (const auto* integer = std::get_if<int64_t>(&value)) {
      sqlite3_bind_int64(statement, index, *integer);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      sqlite3_bind_text64(statement, index, text->data(), text->size(),
                          SQLITE_STATIC, SQLITE_UTF8);
    } else if (const auto* blob = std::get_if<Blob>(&value)) {
      sqlite3_bind_blob64(statement, index, blob->bytes.data(),
                          blob->bytes.size(), SQLITE_STATIC);
    } else {
      sqlite3_bind_null(statement, index);
    }
  }

  static Row ReadRow(sqlite3_stmt* statement) {
    Row row;
    for (int i = 0; i < sqlite3_column_count(statement); ++i) {
      const int size = sqlite3_column_bytes(statement, i);
      switch (sqlite3_column_type(statement, i)) {
        case SQLITE_INTEGER:
          row.emplace_back(int64_t{sqlite3_column_int64(statement, i)});
          break;
        case SQLITE_TEXT:
          row.emplace_back(std::string(
              reinterpret_cast<const char*>(sqlite3_column_text(statement, i)),
              size));
          break;
        case SQLITE_BLOB:
          row.emplace_back(Blob{std::string(
              static_cast<const char*>(sqlite3_column_blob(statement, i)),
              size)});
          break;
        default:
          row.emplace_back();
      }
    }
    return row;
  }

  sqlite3* const db_;
  std::map<std::string, sqlite3_stmt*> statements_;
};

class SqliteDatabase final : public Database {
 public:
  SqliteDatabase(std::string path, std::unique_ptr<SqliteConnection> writer)
      : path_(std::move(path)), writer_(std::move(writer)) {}

  Dialect dialect() const override { return Dialect::kSqlite; }

  absl::Status Transact(
      absl::FunctionRef<absl::Status(Session&)> work) override {
    base::MutexLock lock(writing_);
    // IMMEDIATE: two processes queue at the start (busy_timeout), rather than
    // fail when both want to write.
    RETURN_IF_ERROR(writer_->Run("BEGIN IMMEDIATE", {}).status());
    absl::Status status = work(*writer_);
    if (status.ok()) status = writer_->Run("COMMIT", {}).status();
    if (!status.ok()) writer_->Run("ROLLBACK", {}).status().IgnoreError();
    return status;
  }

  absl::Status Read(absl::FunctionRef<absl::Status(Session&)> work) override {
    ASSIGN_OR_RETURN(std::unique_ptr<SqliteConnection> reader, TakeReader());
    RETURN_IF_ERROR(reader->Run("BEGIN", {}).status());
    const absl::Status status = work(*reader);
    RETURN_IF_ERROR(reader->Run("COMMIT", {}).status());
    base::MutexLock lock(mu_);
    readers_.push_back(std::move(reader));
    return status;
  }

  absl::StatusOr<std::vector<Row>> RunAlone(
      Access access, absl::string_view sql,
      const std::vector<Value>& parameters) override {
    std::vector<Row> rows;
    const auto work = [&](Session& session) -> absl::Status {
      ASSIGN_OR_RETURN(rows, session.Run(sql, parameters));
      return absl::OkStatus();
    };
    RETURN_IF_ERROR(access == Access::kRead ? Read(work) : Transact(work));
    return rows;
  }

 private:
  absl::StatusOr<std::unique_ptr<SqliteConnection>> TakeReader() {
    {
      base::MutexLock lock(mu_);
      if (!readers_.empty()) {
        auto reader = std::move(readers_.back());
        readers_.pop_back();
        return reader;
      }
    }
    return SqliteConnection::Open(path_);
  }

  const std::string path_;
  base::Mutex writing_;
  const std::unique_ptr<SqliteConnection> writer_;  // Used under writing_.
  base::Mutex mu_;
  std::vector<std::unique_ptr<SqliteConnection>> readers_ ABSL_GUARDED_BY(mu_);
};

}  // namespace

absl::StatusOr<std::unique_ptr<Database>> OpenSqliteDatabase(
    const std::string& path) {
  // Made here, so that nobody else can read it from its first moment on.
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    return absl::UnavailableError(
        absl::StrCat("SQLite: cannot open ", path, ": ", std::strerror(errno)));
  }
  close(fd);
  ASSIGN_OR_RETURN(auto writer, SqliteConnection::Open(path));
  return std::make_unique<SqliteDatabase>(path, std::move(writer));
}

}  // namespace chancery::storage
