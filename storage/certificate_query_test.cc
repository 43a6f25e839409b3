#include "storage/certificate_query.h"

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "base/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/open.h"
#include "storage/postgres_database.h"
#include "storage/schema.h"
#include "storage/sql_inventory.h"
#include "storage/sqlite_database.h"
#include "storage/testing/postgres_server.h"

namespace chancery::storage {
namespace {

using base::testing::IsOk;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kRows = 10'000;
constexpr int kIssuers = 100;
const std::string kIssuer(32, '\x11');

std::string Serial(int number) {
  return std::string(
      {'\x01', static_cast<char>(number >> 8), static_cast<char>(number)});
}

// 10,000 certificates, in turns of 100 issuers, one in 97 of them revoked.
void FillWithRows(Inventory& inventory) {
  std::vector<CertificateRow> rows;
  for (int i = 0; i < kRows; ++i) {
    rows.push_back(
        {.issuer_id = std::string(32, static_cast<char>(i % kIssuers)),
         .serial = Serial(i),
         .der = "der",
         .subject = absl::StrCat("CN=host-", i),
         .not_before = absl::UnixEpoch(),
         .not_after = absl::UnixEpoch(),
         .status =
             i % 97 ? CertificateStatus::kGood : CertificateStatus::kRevoked,
         .ledger_index = static_cast<uint64_t>(i)});
  }
  ASSERT_THAT(inventory.AddCertificates(rows), IsOk());
}

class ListStatementTest : public ::testing::TestWithParam<Dialect> {
 protected:
  static void SetUpTestSuite() {
    server_ = new testing::PostgresServer({.fsync = false});
    const std::string path = std::string(std::getenv("TEST_TMPDIR")) + "/plan";
    const std::string conninfo = server_->Connection("plan");
    const auto open_sqlite = [&] { return *OpenSqliteDatabase(path); };
    const auto open_postgres = [&] {
      return *MakePostgresDatabase(conninfo, {});
    };
    sqlite_ = MakeFull(open_sqlite(), open_sqlite()).release();
    postgres_ = MakeFull(open_postgres(), open_postgres()).release();
  }
  static void TearDownTestSuite() {
    delete sqlite_;
    delete postgres_;
    delete server_;
  }

  // What the database would do for a list.
  std::string Plan(const CertificateFilter& filter, const std::string& token) {
    const auto list = ListStatement("der", filter, token, 10);
    EXPECT_THAT(list, IsOk());
    const bool is_sqlite = GetParam() == Dialect::kSqlite;
    std::string plan;
    EXPECT_THAT(
        (is_sqlite ? sqlite_ : postgres_)
            ->Read([&](Session& session) -> absl::Status {
              ASSIGN_OR_RETURN(
                  const std::vector<Row> rows,
                  session.Run(absl::StrCat(is_sqlite ? "EXPLAIN QUERY PLAN "
                                                     : "EXPLAIN ",
                                           list->sql),
                              list->parameters));
              for (const Row& row : rows) {
                absl::StrAppend(&plan, std::get<std::string>(row.back()), "\n");
              }
              return absl::OkStatus();
            }),
        IsOk());
    return plan;
  }

  // It finds its rows by this index, in order, and reads no others.
  void ExpectIndex(const std::string& plan, const std::string& index) {
    EXPECT_THAT(plan, HasSubstr(index));
    EXPECT_THAT(plan, Not(AnyOf(HasSubstr("Seq Scan"), HasSubstr("Sort"),
                                HasSubstr("TEMP B-TREE"))));
  }

 private:
  // Two connections to one database, of which the second comes back.
  static std::unique_ptr<Database> MakeFull(std::unique_ptr<Database> first,
                                            std::unique_ptr<Database> second) {
    EXPECT_THAT(Migrate(*first), IsOk());
    SqlInventory inventory(std::move(first));
    FillWithRows(inventory);
    EXPECT_THAT(second->Transact([](Session& session) {
      return session.Run("ANALYZE certificates", {}).status();
    }),
                IsOk());
    return second;
  }

  static testing::PostgresServer* server_;
  static Database* sqlite_;
  static Database* postgres_;
};
testing::PostgresServer* ListStatementTest::server_;
Database* ListStatementTest::sqlite_;
Database* ListStatementTest::postgres_;

TEST_P(ListStatementTest, WalksAnIndexFromPageToPage) {
  const std::string token = ToPageToken(
      {.issued_index = 117, .issuer_id = kIssuer, .serial = Serial(117)});
  ExpectIndex(Plan({}, ""), "certificates_by_issue");
  ExpectIndex(Plan({}, token), "certificates_by_issue");
  ExpectIndex(Plan({.issuer_id = kIssuer}, token), "certificates_by_issuer");
  ExpectIndex(Plan({.status = CertificateStatus::kRevoked}, token),
              "certificates_not_good");
}

INSTANTIATE_TEST_SUITE_P(Dialects, ListStatementTest,
                         ::testing::Values(Dialect::kSqlite,
                                           Dialect::kPostgres),
                         [](const auto& info) {
                           return info.param == Dialect::kSqlite ? "Sqlite"
                                                                 : "Postgres";
                         });

}  // namespace
}  // namespace chancery::storage
