#include "storage/postgres_database.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <pqxx/pqxx>
#include <thread>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "storage/postgres_conninfo.h"
#include "storage/sql_value.h"

namespace chancery::storage {
namespace {

constexpr size_t kLargeBlob = 4096;
constexpr unsigned kByteaOid = 17, kInt8Oid = 20, kInt4Oid = 23;

// A parameter travels as text; PostgreSQL knows each one's type from where it
// stands. Bytes are written in its hex form, but for a statement's first that
// is large: that goes as it is.
struct TextParameter {
  bool null = false;
  std::string text;
};

TextParameter ToText(const Value& value) {
  if (const auto* integer = std::get_if<int64_t>(&value))
    return {false, absl::StrCat(*integer)};
  if (const auto* text = std::get_if<std::string>(&value))
    return {false, *text};
  if (const auto* blob = std::get_if<Blob>(&value)) {
    return {false, "\\x" + base::Hex(base::AsBytes(blob->bytes))};
  }
  return {true, {}};
}

// A connection and the statements that it has prepared, by their text.
struct Connection {
  explicit Connection(const std::string& conninfo) : pq(conninfo) {}

  // The name under which `sql` is prepared.
  const std::string& Prepare(const std::string& sql) {
    const auto [at, is_new] =
        names.try_emplace(sql, absl::StrCat("s", names.size()));
    if (is_new) pq.prepare(at->second, sql);
    return at->second;
  }

  pqxx::connection pq;
  std::map<std::string, std::string> names;
};

class PostgresSession final : public Session {
 public:
  PostgresSession(Connection& connection, pqxx::transaction_base& transaction)
      : connection_(connection), transaction_(transaction) {}

  // Throws what libpqxx throws: caught where the transaction is run.
  absl::StatusOr<std::vector<Row>> Run(
      absl::string_view sql, const std::vector<Value>& parameters) override {
    RETURN_IF_ERROR(CheckTexts(parameters));
    std::vector<TextParameter> texts;
    const auto large = FindLarge(parameters);
    for (auto value = parameters.begin(); value != parameters.end(); ++value) {
      texts.push_back(value == large ? TextParameter() : ToText(*value));
    }
    std::vector<const char*> pointers;
    for (const TextParameter& text : texts) {
      pointers.push_back(text.null ? nullptr : text.text.c_str());
    }
    const std::string statement(sql);
    const pqxx::result result = Execute(statement, parameters, pointers);
    std::vector<Row> rows;
    for (const auto& from : result) {
      Row row;
      for (const auto& field : from) row.push_back(FromField(field));
      rows.push_back(std::move(row));
    }
    return rows;
  }

 private:
  using Iterator = std::vector<Value>::const_iterator;

  static Iterator FindLarge(const std::vector<Value>& parameters) {
    return std::find_if(
        parameters.begin(), parameters.end(), [](const Value& value) {
          const auto* blob = std::get_if<Blob>(&value);
          return blob != nullptr && blob->bytes.size() >= kLargeBlob;
        });
  }

  // `texts` has all parameters but the large one.
  pqxx::result Execute(const std::string& sql,
                       const std::vector<Value>& parameters,
                       const std::vector<const char*>& texts) {
    // What has no parameters is rare, or a migration's.
    if (parameters.empty()) return transaction_.exec(sql);
    const std::string& name = connection_.Prepare(sql);
    const auto large = FindLarge(parameters);
    if (large == parameters.end()) {
      return transaction_.exec_prepared(
          name, pqxx::prepare::make_dynamic_params(texts));
    }
    const auto before = texts.begin() + (large - parameters.begin());
    const std::string& bytes = std::get<Blob>(*large).bytes;
    return transaction_.exec_prepared(
        name, pqxx::prepare::make_dynamic_params(texts.begin(), before),
        pqxx::binarystring(bytes),
        pqxx::prepare::make_dynamic_params(before + 1, texts.end()));
  }

  static Value FromField(const pqxx::field& field) {
    if (field.is_null()) return {};
    switch (field.type()) {
      case kInt8Oid:
      case kInt4Oid:
        return field.as<int64_t>();
      case kByteaOid:
        return Blob{base::FromHex(
                        absl::string_view(field.c_str() + 2, field.size() - 2))
                        .value_or(std::string())};
      default:
        return std::string(field.c_str(), field.size());
    }
  }

  Connection& connection_;
  pqxx::transaction_base& transaction_;
};

class PostgresDatabase final : public Database {
 public:
  PostgresDatabase(std::string conninfo, const PostgresOptions& options)
      : conninfo_(std::move(conninfo)), options_(options) {}

  Dialect dialect() const override { return Dialect::kPostgres; }

  absl::Status Transact(
      absl::FunctionRef<absl::Status(Session&)> work) override {
    return Insist<pqxx::transaction<pqxx::repeatable_read>>(work);
  }

  absl::Status Read(absl::FunctionRef<absl::Status(Session&)> work) override {
    return Transact(work);
  }

  absl::StatusOr<std::vector<Row>> RunAlone(
      Access, absl::string_view sql,
      const std::vector<Value>& parameters) override {
    std::vector<Row> rows;
    RETURN_IF_ERROR(
        Insist<pqxx::nontransaction>([&](Session& session) -> absl::Status {
          ASSIGN_OR_RETURN(rows, session.Run(sql, parameters));
          return absl::OkStatus();
        }));
    return rows;
  }

 private:
  struct Lease;

  template <typename Transaction>
  absl::Status Insist(absl::FunctionRef<absl::Status(Session&)> work) {
    const absl::Time deadline = absl::Now() + options_.patience;
    for (absl::Duration pause = absl::Milliseconds(10);;
         pause = std::min(pause * 2, absl::Seconds(1))) {
      absl::Status status = TryOnce<Transaction>(work);
      if (!absl::IsUnavailable(status) || absl::Now() + pause > deadline)
        return status;
      std::this_thread::sleep_for(absl::ToChronoMilliseconds(pause));
    }
  }

  template <typename Transaction>
  absl::Status TryOnce(absl::FunctionRef<absl::Status(Session&)> work) {
    Lease lease(*this);
    try {
      if (lease.connection == nullptr) {
        lease.connection = std::make_unique<Connection>(conninfo_);
      }
      Transaction transaction(lease.connection->pq);
      PostgresSession session(*lease.connection, transaction);
      const absl::Status status = work(session);
      if (status.ok()) transaction.commit();
      return status;
    } catch (const pqxx::broken_connection& error) {
      return Lost(lease, error);
    } catch (const pqxx::in_doubt_error& error) {
      // The commit may have happened: all that this system writes may be
      // written twice.
      return Lost(lease, error);
    } catch (const pqxx::serialization_failure& error) {
      return absl::UnavailableError(absl::StrCat("PostgreSQL: ", error.what()));
    } catch (const pqxx::deadlock_detected& error) {
      return absl::UnavailableError(absl::StrCat("PostgreSQL: ", error.what()));
    } catch (const pqxx::unique_violation& error) {
      const std::string text = absl::StrCat("PostgreSQL: ", error.what());
      if (std::is_same_v<Transaction, pqxx::nontransaction>) {
        return absl::AlreadyExistsError(text);
      }
      // Somebody else has just written the row: another try will see it.
      return absl::UnavailableError(text);
    } catch (const pqxx::sql_error& error) {
      const std::string state = error.sqlstate();
      if (state.empty() && !lease.connection->pq.is_open()) {
        return Lost(lease, error);
      }
      // A server that shuts down or starts (57P), or only reads, since it is no
      // longer the primary: another connection finds the one that is.
      const bool elsewhere = state.rfind("57P", 0) == 0 || state == "25006";
      // Lost races (class 40) and tables that another process makes just now:
      // another try will see.
      const bool again = elsewhere || state.rfind("40", 0) == 0 ||
                         state == "23505" || state == "42P07" ||
                         state == "42710" || state.rfind("08", 0) == 0 ||
                         state.rfind("53", 0) == 0;
      if (elsewhere) {
        lease.connection = nullptr;
        DropIdle();
      }
      const std::string text = absl::StrCat("PostgreSQL: ", error.what());
      return again ? absl::UnavailableError(text) : absl::InternalError(text);
    } catch (const std::exception& error) {
      if (lease.connection != nullptr && !lease.connection->pq.is_open()) {
        return Lost(lease, error);
      }
      lease.connection = nullptr;
      return absl::InternalError(absl::StrCat("PostgreSQL: ", error.what()));
    }
  }

  // The connection broke, which libpqxx does not always say by the exception's
  // type. The other connections go to the same server.
  absl::Status Lost(Lease& lease, const std::exception& error) {
    lease.connection = nullptr;
    DropIdle();
    return absl::UnavailableError(absl::StrCat("PostgreSQL: ", error.what()));
  }

  void DropIdle() {
    std::vector<std::unique_ptr<Connection>> dropped;
    base::MutexLock lock(mu_);
    dropped.swap(idle_);
  }  // They are closed after the lock.

  // One of the pool's places, with the connection that was in it, if any.
  struct Lease {
    explicit Lease(PostgresDatabase& database) : database(database) {
      base::MutexLock lock(database.mu_);
      while (database.in_use_ == database.options_.connections) {
        database.returned_.Wait(database.mu_);
      }
      ++database.in_use_;
      if (database.idle_.empty()) return;
      connection = std::move(database.idle_.back());
      database.idle_.pop_back();
    }
    ~Lease() {
      base::MutexLock lock(database.mu_);
      --database.in_use_;
      if (connection != nullptr)
        database.idle_.push_back(std::move(connection));
      database.returned_.NotifyOne();
    }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    PostgresDatabase& database;
    std::unique_ptr<Connection> connection;
  };

  const std::string conninfo_;
  const PostgresOptions options_;
  base::Mutex mu_;
  base::CondVar returned_;
  int in_use_ ABSL_GUARDED_BY(mu_) = 0;
  std::vector<std::unique_ptr<Connection>> idle_ ABSL_GUARDED_BY(mu_);
};

}  // namespace

absl::StatusOr<std::unique_ptr<Database>> MakePostgresDatabase(
    const std::string& connection_string, const PostgresOptions& options) {
  if (options.connections < 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "PostgreSQL: ", options.connections, " connections: at least 1"));
  }
  ASSIGN_OR_RETURN(std::string complete, CompleteConninfo(connection_string));
  return std::make_unique<PostgresDatabase>(std::move(complete), options);
}

}  // namespace chancery::storage
