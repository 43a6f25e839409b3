// A real PostgreSQL of a test's own.
#ifndef CHANCERY_STORAGE_TESTING_POSTGRES_SERVER_H_
#define CHANCERY_STORAGE_TESTING_POSTGRES_SERVER_H_

#include <sys/types.h>

#include <string>

namespace chancery::storage::testing {

struct PostgresServerOptions {
  bool fsync = true;  // False is faster, for tests that cut no power.
};

// Debian's binaries, on a Unix socket in a temporary folder that goes with this
// object, as user `postgres` where the test is root (PostgreSQL refuses root).
// Ends the test process, saying why, if the server cannot be had.
class PostgresServer {
 public:
  explicit PostgresServer(const PostgresServerOptions& options = {});
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  // A libpq connection string for a database of this name, made if it is new.
  std::string Connection(const std::string& database);

  void Start();  // Unless it runs.
  void Stop();   // Fast shutdown: transactions in progress are rolled back.
  void Kill();   // Immediate shutdown: the next start recovers from the WAL.

 private:
  int Run(const std::string& command) const;  // As the server's user.
  void End(int signal);

  const PostgresServerOptions options_;
  std::string folder_;
  pid_t pid_ = -1;
};

}  // namespace chancery::storage::testing

#endif  // CHANCERY_STORAGE_TESTING_POSTGRES_SERVER_H_
