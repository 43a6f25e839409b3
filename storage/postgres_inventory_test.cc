// What only a server can do to the inventory: go away, come back, refuse.
#include <atomic>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "base/file.h"
#include "base/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/open.h"
#include "storage/testing/postgres_server.h"

// libpqxx 6.4 loses the result, some 2 KB, of a statement during which the
// connection breaks; jtv/libpqxx pull request 500 mends that in version 7.
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libpqxx-6.4\n";
}

namespace chancery::storage {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;

CertificateRow Certificate(int number) {
  return {.issuer_id = std::string(32, '\x11'),
          .serial = std::to_string(number),
          .der = "der",
          .ledger_index = static_cast<uint64_t>(number)};
}

class PostgresInventoryTest : public ::testing::Test {
 protected:
  PostgresInventoryTest() { server_.Start(); }  // It may have been stopped.

  // The path of a file with the connection string for a database.
  std::string ConnectionFile(const std::string& database) {
    const std::string path =
        std::string(std::getenv("TEST_TMPDIR")) + "/" + database;
    const std::string connection = server_.Connection(database);
    EXPECT_THAT(
        base::WriteFileAtomically(path, base::AsBytes(connection), 0600),
        IsOk());
    return path;
  }

  static testing::PostgresServer& Server() {
    static testing::PostgresServer server;
    return server;
  }
  testing::PostgresServer& server_ = Server();
};

TEST_F(PostgresInventoryTest, IsUnavailableWhileDownAndWellAfterwards) {
  const auto inventory =
      OpenPostgres(ConnectionFile("down"),
                   {.connections = 2, .patience = absl::Milliseconds(300)});
  ASSERT_THAT(inventory, IsOk());
  ASSERT_THAT((*inventory)->AddCertificates({Certificate(1)}), IsOk());
  server_.Stop();
  EXPECT_THAT((*inventory)->NextIndex("signer"),
              StatusIs(absl::StatusCode::kUnavailable, "PostgreSQL"));
  EXPECT_THAT((*inventory)->AddCertificates({Certificate(2)}),
              StatusIs(absl::StatusCode::kUnavailable, "PostgreSQL"));
  server_.Start();
  EXPECT_THAT((*inventory)->AddCertificates({Certificate(2)}), IsOk());
  EXPECT_EQ((*inventory)->FindSerial("1")->size(), 1u);
}

TEST_F(PostgresInventoryTest, OpeningWhileDownIsUnavailable) {
  const std::string path = ConnectionFile("early");
  server_.Stop();
  EXPECT_THAT(OpenPostgres(path, {.patience = absl::Milliseconds(100)}),
              StatusIs(absl::StatusCode::kUnavailable, "PostgreSQL"));
}

TEST_F(PostgresInventoryTest, PatientWritersOutlastACrash) {
  const auto inventory =
      OpenPostgres(ConnectionFile("crash"),
                   {.connections = 2, .patience = absl::Seconds(60)});
  ASSERT_THAT(inventory, IsOk());
  constexpr int kCount = 200;
  std::atomic<int> written = 0;
  std::vector<std::thread> writers;
  for (int t = 0; t < 2; ++t) {
    writers.emplace_back([&, t] {
      for (int i = t; i < kCount; i += 2) {
        EXPECT_THAT((*inventory)->AddCertificates({Certificate(i)}), IsOk());
        ++written;
      }
    });
  }
  while (written < kCount / 4) std::this_thread::yield();
  server_.Kill();
  server_.Start();
  for (std::thread& writer : writers) writer.join();
  size_t held = 0;
  std::string token;
  do {
    const auto page = (*inventory)->ListCertificates({}, token, 100);
    ASSERT_THAT(page, IsOk());
    held += page->rows.size();
    token = page->next_token;
  } while (!token.empty());
  EXPECT_EQ(held, static_cast<size_t>(kCount));
}

TEST_F(PostgresInventoryTest, ManyMayMakeTheSchemaAtOnce) {
  const std::string path = ConnectionFile("together");
  std::vector<std::thread> openers;
  for (int t = 0; t < 6; ++t) {
    openers.emplace_back([&] {
      const auto inventory =
          OpenPostgres(path, {.connections = 1, .patience = absl::Seconds(30)});
      ASSERT_THAT(inventory, IsOk());
      EXPECT_EQ(*(*inventory)->NextIndex("signer"), 0u);
    });
  }
  for (std::thread& opener : openers) opener.join();
}

TEST_F(PostgresInventoryTest, AnErrorNamesTheUserButNotThePassword) {
  const std::string path =
      std::string(std::getenv("TEST_TMPDIR")) + "/unknown_user";
  const std::string connection =
      server_.Connection("users") + " user=nobody_here password=hunter2";
  ASSERT_THAT(base::WriteFileAtomically(path, base::AsBytes(connection), 0600),
              IsOk());
  const auto opened = OpenPostgres(path, {.patience = absl::ZeroDuration()});
  ASSERT_FALSE(opened.ok());
  const std::string message(opened.status().message());
  EXPECT_THAT(message, ::testing::HasSubstr("nobody_here"));
  EXPECT_THAT(message, ::testing::Not(::testing::HasSubstr("hunter2")));
}

TEST_F(PostgresInventoryTest, RefusesAConnectionFileThatOthersCanRead) {
  const std::string path = std::string(std::getenv("TEST_TMPDIR")) + "/open";
  const std::string connection = "host=/nowhere";
  ASSERT_THAT(base::WriteFileAtomically(path, base::AsBytes(connection), 0644),
              IsOk());
  EXPECT_THAT(OpenPostgres(path),
              StatusIs(absl::StatusCode::kFailedPrecondition, path));
}

TEST_F(PostgresInventoryTest, RefusesAPoolOfNone) {
  EXPECT_THAT(OpenPostgres(ConnectionFile("pool"), {.connections = 0}),
              StatusIs(absl::StatusCode::kInvalidArgument, "at least 1"));
}

}  // namespace
}  // namespace chancery::storage
