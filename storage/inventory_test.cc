#include "storage/inventory.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/file.h"
#include "base/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/open.h"
#include "storage/testing/postgres_server.h"

namespace chancery::storage {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using ::testing::ElementsAre;

constexpr absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);
const std::string kIssuer(32, '\x11');
const std::string kBlock("block\0with\0nul\0s", 16);

CertificateRow Certificate(int number) {
  return {.issuer_id = kIssuer,
          .serial = std::string("\x01\0\xff", 3) + std::to_string(number),
          .der = std::string("DER\0", 4) + std::to_string(number),
          .subject = "CN=host-" + std::to_string(number) + ".example",
          .names = {"DNS:host-" + std::to_string(number) + ".example",
                    "DNS:b\xc3\xbc.example"},
          .not_before = kNow,
          .not_after = kNow + absl::Hours(24 * number),
          .profile = number % 2 ? "server" : "client",
          .requester = "spiffe://c/client/one",
          .request_id = "r" + std::to_string(number),
          .block_id = kBlock,
          .ledger_index = static_cast<uint64_t>(10 + number)};
}

StatusRow Status(int number, CertificateStatus status, uint64_t index) {
  return {.issuer_id = kIssuer,
          .serial = Certificate(number).serial,
          .status = status,
          .reason = status == CertificateStatus::kGood ? 0 : 4,
          .revoked_at = kNow,
          .ledger_index = index};
}

std::string FreshName() {
  static int count = 0;
  return "inventory" + std::to_string(getpid()) + "_" + std::to_string(++count);
}

testing::PostgresServer& Server() {
  static testing::PostgresServer server;
  return server;
}

// The same tests for every kind of inventory.
class InventoryTest : public ::testing::TestWithParam<const char*> {
 protected:
  InventoryTest() {
    const std::string base =
        std::string(std::getenv("TEST_TMPDIR")) + "/" + FreshName();
    if (IsPostgres()) {
      path_ = base + ".conninfo";
      const std::string connection = Server().Connection(FreshName());
      EXPECT_THAT(
          base::WriteFileAtomically(path_, base::AsBytes(connection), 0600),
          IsOk());
    } else {
      path_ = base + ".sqlite";
    }
    inventory_ = Open();
  }
  bool IsPostgres() const { return std::string(GetParam()) == "postgres"; }

  std::unique_ptr<Inventory> Open() {
    auto opened = IsPostgres()
                      ? OpenPostgres(path_, {.patience = absl::Seconds(2)})
                      : OpenSqlite(path_);
    EXPECT_THAT(opened, IsOk());
    return *std::move(opened);
  }

  std::string path_;
  std::unique_ptr<Inventory> inventory_;
};

TEST_P(InventoryTest, ACertificateComesBackAsItWas) {
  const CertificateRow row = Certificate(1);
  ASSERT_THAT(inventory_->AddCertificates({row}), IsOk());
  const auto found = Open()->FindCertificate(row.issuer_id, row.serial);
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ(found->der, row.der);
  EXPECT_EQ(found->subject, row.subject);
  EXPECT_EQ(found->names, row.names);
  EXPECT_EQ(found->not_after, row.not_after);
  EXPECT_EQ(found->profile, row.profile);
  EXPECT_EQ(found->requester, row.requester);
  EXPECT_EQ(found->request_id, row.request_id);
  EXPECT_EQ(found->block_id, row.block_id);
  EXPECT_EQ(found->status, CertificateStatus::kGood);
  EXPECT_EQ(inventory_->FindSerial(row.serial)->size(), 1u);
  EXPECT_THAT(inventory_->FindCertificate(row.issuer_id, "other"),
              StatusIs(absl::StatusCode::kNotFound, "6f74686572"));
}

TEST_P(InventoryTest, AddingTwiceIsHarmlessAndOtherBytesAreRefused) {
  ASSERT_THAT(inventory_->AddCertificates({Certificate(1)}), IsOk());
  ASSERT_THAT(inventory_->SetStatus(Status(1, CertificateStatus::kRevoked, 50)),
              IsOk());
  EXPECT_THAT(inventory_->AddCertificates({Certificate(1), Certificate(2)}),
              IsOk());
  EXPECT_EQ(inventory_->FindSerial(Certificate(1).serial)->front().status,
            CertificateStatus::kRevoked);
  CertificateRow other = Certificate(1);
  other.der = "another";
  EXPECT_THAT(inventory_->AddCertificates({Certificate(3), other}),
              StatusIs(absl::StatusCode::kAlreadyExists, "other bytes"));
  EXPECT_TRUE(inventory_->FindSerial(Certificate(3).serial)->empty());
}

TEST_P(InventoryTest, AStatusMovesOnlyForward) {
  ASSERT_THAT(inventory_->AddCertificates({Certificate(1)}), IsOk());
  EXPECT_EQ(*inventory_->LastStatusChange(kIssuer), std::nullopt);
  ASSERT_THAT(inventory_->SetStatus(Status(1, CertificateStatus::kRevoked, 50)),
              IsOk());
  ASSERT_THAT(inventory_->SetStatus(Status(1, CertificateStatus::kHeld, 40)),
              IsOk());
  const auto row = inventory_->FindCertificate(kIssuer, Certificate(1).serial);
  EXPECT_EQ(row->status, CertificateStatus::kRevoked);
  EXPECT_EQ(row->reason, 4);
  EXPECT_EQ(row->revoked_at, kNow);
  EXPECT_EQ(*inventory_->LastStatusChange(kIssuer), 50u);
  EXPECT_THAT(inventory_->SetStatus(Status(9, CertificateStatus::kHeld, 60)),
              StatusIs(absl::StatusCode::kNotFound, "not in the inventory"));
}

TEST_P(InventoryTest, PagesAreStableWhileRowsAreAdded) {
  std::vector<CertificateRow> rows;
  for (int i = 1; i <= 25; ++i) rows.push_back(Certificate(i));
  ASSERT_THAT(inventory_->AddCertificates(rows), IsOk());
  std::vector<std::string> seen;
  std::string token;
  do {
    const auto page = inventory_->ListCertificates({}, token, 10);
    ASSERT_THAT(page, IsOk());
    for (const CertificateRow& row : page->rows) seen.push_back(row.serial);
    token = page->next_token;
    ASSERT_THAT(inventory_->AddCertificates(
                    {Certificate(100 + static_cast<int>(seen.size()))}),
                IsOk());
  } while (!token.empty() && seen.size() < 25);
  for (int i = 1; i <= 25; ++i) EXPECT_EQ(seen[i - 1], Certificate(i).serial);
  EXPECT_THAT(inventory_->ListCertificates({}, "x", 10),
              StatusIs(absl::StatusCode::kInvalidArgument, "page_token"));
}

TEST_P(InventoryTest, FiltersCombine) {
  std::vector<CertificateRow> rows;
  for (int i = 1; i <= 12; ++i) rows.push_back(Certificate(i));
  ASSERT_THAT(inventory_->AddCertificates(rows), IsOk());
  ASSERT_THAT(inventory_->SetStatus(Status(3, CertificateStatus::kRevoked, 90)),
              IsOk());
  const auto count = [&](const CertificateFilter& filter) {
    return inventory_->ListCertificates(filter, "", 100)->rows.size();
  };
  EXPECT_EQ(count({.issuer_id = kIssuer}), 12u);
  EXPECT_EQ(count({.issuer_id = std::string(32, 'x')}), 0u);
  EXPECT_EQ(count({.status = CertificateStatus::kRevoked}), 1u);
  EXPECT_EQ(count({.text = "host-1"}), 4u);
  EXPECT_EQ(count({.text = "b\xc3\xbc"}), 12u);
  EXPECT_EQ(count({.text = "%"}), 0u);
  EXPECT_EQ(count({.text = "host-1", .profile = "client"}), 2u);
  EXPECT_EQ(count({.expires_before = kNow + absl::Hours(60)}), 2u);
  EXPECT_EQ((*inventory_->CountByStatus())[CertificateStatus::kRevoked], 1u);
}

BlockRow Block(uint64_t version) {
  return {.block_id = kBlock,
          .issuer_id = kIssuer,
          .version = version,
          .refresh_at = kNow + absl::Hours(1),
          .data = std::string(100'000, static_cast<char>(version)),
          .template_ids = {std::string(32, 't'), std::string(32, '\0')}};
}

TEST_P(InventoryTest, ABlockOnlyGrowsAndDeltasMustFollow) {
  EXPECT_THAT(inventory_->AddDelta(kBlock, {.base_version = 1, .version = 2}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "held is 0"));
  ASSERT_THAT(inventory_->PutBlock(Block(5)), IsOk());
  ASSERT_THAT(inventory_->PutBlock(Block(4)), IsOk());
  EXPECT_EQ(inventory_->GetBlock(kBlock)->data, Block(5).data);
  EXPECT_EQ(inventory_->GetBlock(kBlock)->template_ids, Block(5).template_ids);
  const DeltaRow six{.base_version = 5, .version = 6, .data = "six"};
  ASSERT_THAT(inventory_->AddDelta(kBlock, six), IsOk());
  ASSERT_THAT(inventory_->AddDelta(kBlock, six), IsOk());
  EXPECT_THAT(inventory_->AddDelta(kBlock, {.base_version = 7, .version = 8}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "held is 6"));
  EXPECT_EQ((*inventory_->BlockVersions())[kBlock], 6u);
  EXPECT_EQ(inventory_->GetBlock(kBlock)->deltas.size(), 1u);
  ASSERT_THAT(inventory_->PutBlock(Block(9)), IsOk());
  EXPECT_TRUE(inventory_->GetBlock(kBlock)->deltas.empty());
  EXPECT_THAT(inventory_->GetBlock("none"),
              StatusIs(absl::StatusCode::kNotFound, "6e6f6e65"));
}

TEST_P(InventoryTest, TwoOwnersNeverHoldOneBlock) {
  std::vector<std::string> ids;
  for (int i = 0; i < 20; ++i) {
    BlockRow block = Block(1);
    block.block_id = "block" + std::to_string(10 + i);
    ASSERT_THAT(inventory_->PutBlock(block), IsOk());
  }
  const absl::Time due = kNow + absl::Hours(2);
  EXPECT_TRUE(
      inventory_->LeaseDueBlocks("a", kNow, absl::Minutes(1), 100)->empty());
  std::vector<std::string> taken[2];
  std::vector<std::thread> refreshers;
  for (int t = 0; t < 2; ++t) {
    refreshers.emplace_back([&, t] {
      const auto mine = Open();
      for (int round = 0; round < 10; ++round) {
        const auto got = mine->LeaseDueBlocks(
            t == 0 ? "a" : "b", due, absl::Minutes(1), taken[t].size() + 2);
        EXPECT_THAT(got, IsOk());
        if (got.ok()) taken[t] = *got;
      }
    });
  }
  for (std::thread& refresher : refreshers) refresher.join();
  std::set<std::string> all(taken[0].begin(), taken[0].end());
  all.insert(taken[1].begin(), taken[1].end());
  EXPECT_EQ(all.size(), taken[0].size() + taken[1].size());
  EXPECT_EQ(all.size(), 20u);
  // A lease ends by itself, so the blocks of a killed refresher are taken over.
  EXPECT_TRUE(
      inventory_
          ->LeaseDueBlocks("c", due + absl::Seconds(59), absl::Minutes(1), 50)
          ->empty());
  EXPECT_EQ(
      inventory_
          ->LeaseDueBlocks("c", due + absl::Minutes(1), absl::Minutes(1), 50)
          ->size(),
      20u);
  ASSERT_THAT(inventory_->ReleaseLease("block10", "c"), IsOk());
  EXPECT_THAT(*inventory_->LeaseDueBlocks("d", due + absl::Minutes(1),
                                          absl::Minutes(1), 50),
              ElementsAre("block10"));
}

TEST_P(InventoryTest, ACrlOnlyGrows) {
  CrlRow crl{.issuer_id = kIssuer,
             .number = 7,
             .this_update = kNow,
             .next_update = kNow,
             .refresh_at = kNow,
             .ledger_size = 3,
             .der = std::string("crl\0", 4)};
  ASSERT_THAT(inventory_->PutCrl(crl), IsOk());
  EXPECT_THAT(
      inventory_->PutCrl(crl),
      StatusIs(absl::StatusCode::kFailedPrecondition, "does not follow 7"));
  EXPECT_EQ(inventory_->GetCrl(kIssuer, 0)->der, crl.der);
  EXPECT_EQ(inventory_->ListCrls()->front().ledger_size, 3u);
  EXPECT_THAT(inventory_->GetCrl(kIssuer, 1),
              StatusIs(absl::StatusCode::kNotFound, "CRL"));
}

TEST_P(InventoryTest, ALedgerStepIsAppliedOnceAndWhole) {
  EXPECT_EQ(*inventory_->NextIndex("signer"), 0u);
  const LedgerStep step{
      .certificates = {Certificate(1)},
      .statuses = {Status(1, CertificateStatus::kRevoked, 30)},
      .signer = "signer",
      .next_index = 31};
  ASSERT_THAT(inventory_->ApplyLedgerStep(step), IsOk());
  ASSERT_THAT(inventory_->ApplyLedgerStep(step), IsOk());
  EXPECT_EQ(*inventory_->NextIndex("signer"), 31u);
  const LedgerStep wrong{
      .certificates = {Certificate(2)},
      .statuses = {Status(9, CertificateStatus::kRevoked, 40)},
      .signer = "signer",
      .next_index = 41};
  EXPECT_FALSE(inventory_->ApplyLedgerStep(wrong).ok());
  EXPECT_EQ(*inventory_->NextIndex("signer"), 31u);
  EXPECT_TRUE(inventory_->FindSerial(Certificate(2).serial)->empty());
}

TEST_P(InventoryTest, TemplatesAndIssuersComeBack) {
  ASSERT_THAT(inventory_->PutTemplate("id", std::string("\0t", 2)), IsOk());
  ASSERT_THAT(inventory_->PutTemplate("id", std::string("\0t", 2)), IsOk());
  EXPECT_EQ(*inventory_->GetTemplate("id"), std::string("\0t", 2));
  EXPECT_THAT(inventory_->GetTemplate("no"),
              StatusIs(absl::StatusCode::kNotFound, "6e6f"));
  const IssuerRow issuer{.issuer_id = kIssuer,
                         .name = "issuing",
                         .certificate = "cert",
                         .chain = {"a", std::string("b\0", 2)},
                         .profiles = {"server", "client"}};
  ASSERT_THAT(inventory_->PutIssuer(issuer), IsOk());
  ASSERT_THAT(inventory_->PutIssuer(issuer), IsOk());
  const auto issuers = inventory_->ListIssuers();
  ASSERT_EQ(issuers->size(), 1u);
  EXPECT_EQ(issuers->front().chain, issuer.chain);
  EXPECT_EQ(issuers->front().profiles, issuer.profiles);
}

INSTANTIATE_TEST_SUITE_P(Kinds, InventoryTest,
                         ::testing::Values("sqlite", "postgres"));

TEST(PostgresInventoryTest, IsUnavailableWhileDownAndWellAfterwards) {
  testing::PostgresServer server;
  const std::string path =
      std::string(std::getenv("TEST_TMPDIR")) + "/down.conninfo";
  const std::string connection = server.Connection("down");
  ASSERT_THAT(base::WriteFileAtomically(path, base::AsBytes(connection), 0600),
              IsOk());
  auto inventory = OpenPostgres(
      path, {.connections = 2, .patience = absl::Milliseconds(300)});
  ASSERT_THAT(inventory, IsOk());
  ASSERT_THAT((*inventory)->AddCertificates({Certificate(1)}), IsOk());
  server.Kill();
  EXPECT_THAT((*inventory)->NextIndex("signer"),
              StatusIs(absl::StatusCode::kUnavailable, "PostgreSQL"));
  server.Start();
  EXPECT_THAT((*inventory)->FindCertificate(kIssuer, Certificate(1).serial),
              IsOk());
}

TEST(PostgresInventoryTest, RefusesAConnectionFileThatOthersCanRead) {
  const std::string path =
      std::string(std::getenv("TEST_TMPDIR")) + "/open.conninfo";
  const std::string connection = "host=/nowhere";
  ASSERT_THAT(base::WriteFileAtomically(path, base::AsBytes(connection), 0644),
              IsOk());
  EXPECT_THAT(OpenPostgres(path),
              StatusIs(absl::StatusCode::kFailedPrecondition, path));
}

TEST(SqliteInventoryTest, ItsFileIsForItsOwnerOnly) {
  const std::string path =
      std::string(std::getenv("TEST_TMPDIR")) + "/private.sqlite";
  ASSERT_THAT(OpenSqlite(path), IsOk());
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST(SqliteInventoryTest, RefusesANewerSchema) {
  const std::string path =
      std::string(std::getenv("TEST_TMPDIR")) + "/newer.sqlite";
  ASSERT_THAT(OpenSqlite(path), IsOk());
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  sqlite3_exec(db, "INSERT INTO schema_migrations VALUES (999)", nullptr,
               nullptr, nullptr);
  sqlite3_close(db);
  EXPECT_THAT(OpenSqlite(path),
              StatusIs(absl::StatusCode::kFailedPrecondition, "999"));
}

TEST(SqliteInventoryTest, AKilledWriterLosesNothingThatReturned) {
  const std::string path =
      std::string(std::getenv("TEST_TMPDIR")) + "/killed.sqlite";
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    auto inventory = *OpenSqlite(path);
    for (int i = 1;; ++i) {
      if (!inventory->AddCertificates({Certificate(i)}).ok()) _exit(1);
      if (write(pipe_ends[1], &i, sizeof i) != sizeof i) _exit(1);
    }
  }
  int last = 0;
  while (last < 50)
    ASSERT_EQ(read(pipe_ends[0], &last, sizeof last), int{sizeof last});
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  const auto inventory = OpenSqlite(path);
  ASSERT_THAT(inventory, IsOk());
  for (int i = 1; i <= last; ++i) {
    EXPECT_EQ((*inventory)->FindSerial(Certificate(i).serial)->size(), 1u) << i;
  }
}

}  // namespace
}  // namespace chancery::storage
