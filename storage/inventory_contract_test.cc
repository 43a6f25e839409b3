#include "storage/inventory_contract_test.h"

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "base/file.h"
#include "base/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "storage/open.h"
#include "storage/postgres_database.h"
#include "storage/sqlite_database.h"
#include "storage/testing/postgres_server.h"

namespace chancery::storage {

using base::testing::IsOk;
using base::testing::StatusIs;

namespace {

constexpr PostgresOptions kPostgresOptions{.connections = 2,
                                           .patience = absl::Seconds(20)};

std::string FreshName() {
  static int count = 0;
  return "inventory" + std::to_string(getpid()) + "_" + std::to_string(++count);
}

testing::PostgresServer& Server() {
  static testing::PostgresServer server({.fsync = false});
  return server;
}

}  // namespace

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
          .place = static_cast<uint32_t>(number),
          .issued_at = kNow + absl::Seconds(number),
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

BlockRow Block(uint64_t version) {
  return {.block_id = kBlock,
          .issuer_id = kIssuer,
          .version = version,
          .refresh_at = kNow + absl::Hours(1),
          .next_update = kNow + absl::Hours(2),
          .data = std::string(100'000, static_cast<char>(version)),
          .template_ids = {std::string(32, 't'), std::string(32, '\0')}};
}

InventoryContractTest::InventoryContractTest() {
  const std::string name = FreshName();
  path_ = std::string(std::getenv("TEST_TMPDIR")) + "/" + name;
  if (GetParam() == Kind::kPostgres) {
    const std::string connection = Server().Connection(name);
    EXPECT_THAT(
        base::WriteFileAtomically(path_, base::AsBytes(connection), 0600),
        IsOk());
  }
  inventory_ = Open();
}

absl::StatusOr<std::unique_ptr<Inventory>> InventoryContractTest::TryOpen()
    const {
  return GetParam() == Kind::kPostgres ? OpenPostgres(path_, kPostgresOptions)
                                       : OpenSqlite(path_);
}

std::unique_ptr<Inventory> InventoryContractTest::Open() const {
  auto opened = TryOpen();
  EXPECT_THAT(opened, IsOk());
  return *std::move(opened);
}

std::unique_ptr<Database> InventoryContractTest::OpenDatabase() const {
  if (GetParam() == Kind::kSqlite) return *OpenSqliteDatabase(path_);
  return *MakePostgresDatabase(*base::ReadFile(path_), kPostgresOptions);
}

std::string NameOfKind(const ::testing::TestParamInfo<Kind>& info) {
  return info.param == Kind::kSqlite ? "Sqlite" : "Postgres";
}

namespace {

class InventoryTest : public InventoryContractTest {};
INSTANTIATE_TEST_SUITE_P(Kinds, InventoryTest, kKinds, NameOfKind);

TEST_P(InventoryTest, KeepsTheNewestHeadOfEachSigner) {
  EXPECT_THAT(inventory_->GetHead("one"),
              StatusIs(absl::StatusCode::kNotFound, "head"));
  const absl::Time time = absl::FromUnixMicros(1'800'000'000'000'001);
  const HeadRow old{.time = time,
                    .head = std::string("h\0\xff", 3),
                    .index = std::string(100'000, '\x80')};
  ASSERT_THAT(inventory_->PutHead("one", old), IsOk());
  ASSERT_THAT(inventory_->PutHead("two", {.time = time, .head = "other"}),
              IsOk());
  auto held = inventory_->GetHead("one");
  ASSERT_THAT(held, IsOk());
  EXPECT_EQ(held->time, old.time);
  EXPECT_EQ(held->head, old.head);
  EXPECT_EQ(held->index, old.index);
  const HeadRow newer{.time = time + absl::Microseconds(1), .head = "newer"};
  ASSERT_THAT(inventory_->PutHead("one", newer), IsOk());
  ASSERT_THAT(inventory_->PutHead("one", old), IsOk());
  held = inventory_->GetHead("one");
  ASSERT_THAT(held, IsOk());
  EXPECT_EQ(held->time, newer.time);
  EXPECT_EQ(held->head, "newer");
  EXPECT_EQ(held->index, "");
  EXPECT_EQ(inventory_->GetHead("two")->head, "other");
}

CrlRow Crl(uint64_t number, uint64_t size) {
  return {.issuer_id = kIssuer,
          .number = number,
          .this_update = kNow,
          .next_update = kNow + absl::Hours(2),
          .refresh_at = kNow + absl::Hours(1),
          .ledger_size = 3,
          .size = size};
}

// As whoever lists it reads it.
absl::StatusOr<std::string> Read(Inventory& inventory, const CrlRow& crl) {
  std::string der;
  for (uint32_t part = 0;; ++part) {
    auto data = inventory.GetCrlPart(crl, part);
    if (!data.ok()) return data.status();
    if (!data->has_value()) return der;
    der += **data;
  }
}

std::string Letters(size_t size, char first) {
  std::string text(size, first);
  for (size_t i = 0; i < size; i += 1000) {
    text[i] = static_cast<char>('a' + i / 1000 % 26);
  }
  return text;
}

TEST_P(InventoryTest, ACrlOnlyGrows) {
  const std::string der("crl\0", 4);
  CrlRow crl = Crl(7, 4);
  ASSERT_THAT(inventory_->PutCrl(crl, OnePiece(der)), IsOk());
  for (const uint64_t number : {7, 6}) {
    EXPECT_THAT(
        inventory_->PutCrl(Crl(number, 5), OnePiece("other")),
        StatusIs(absl::StatusCode::kFailedPrecondition, "does not follow"));
  }
  const auto held = inventory_->ListCrls();
  ASSERT_EQ(held->size(), 1u);
  EXPECT_EQ(held->front().number, 7u);
  EXPECT_EQ(held->front().next_update, crl.next_update);
  EXPECT_EQ(held->front().refresh_at, crl.refresh_at);
  EXPECT_EQ(held->front().size, 4u);
  EXPECT_EQ(*Read(*inventory_, held->front()), der);
  crl.number = 8;
  crl.ledger_size = 4;
  ASSERT_THAT(inventory_->PutCrl(crl, OnePiece("next")), IsOk());
  // Who had the list before asks again.
  EXPECT_THAT(Read(*inventory_, held->front()),
              StatusIs(absl::StatusCode::kAborted, "number 7"));
  crl.shard = 1;
  ASSERT_THAT(inventory_->PutCrl(crl, OnePiece("next")), IsOk());
  crl.is_delta = true;
  crl.number = 3;
  crl.base_number = 2;
  ASSERT_THAT(inventory_->PutCrl(crl, OnePiece("less")), IsOk());
  const auto all = inventory_->ListCrls();
  ASSERT_EQ(all->size(), 3u);
  EXPECT_EQ(all->front().number, 8u);
  EXPECT_EQ(all->front().ledger_size, 4u);
  EXPECT_EQ((*all)[1].scope(), (CrlScope{kIssuer, 1, false}));
  EXPECT_EQ(all->back().scope(), (CrlScope{kIssuer, 1, true}));
  EXPECT_EQ(all->back().base_number, 2u);
  EXPECT_EQ(*Read(*inventory_, all->back()), "less");
}

// In pieces of any size; there are more bytes than one transaction writes.
TEST_P(InventoryTest, ALargeCrlIsKeptInParts) {
  const std::string der = Letters((9 << 20) + 17, 'x');
  size_t at = 0, calls = 0;
  const auto pieces = [&]() -> absl::StatusOr<std::optional<std::string>> {
    if (at == der.size()) return std::nullopt;
    std::string piece = der.substr(at, 100'000 + 7'777 * (calls++ % 100));
    at += piece.size();
    return piece;
  };
  ASSERT_THAT(inventory_->PutCrl(Crl(7, der.size()), pieces), IsOk());
  const CrlRow held = inventory_->ListCrls()->front();
  EXPECT_EQ(held.size, der.size());
  EXPECT_TRUE(*Read(*inventory_, held) == der);
  EXPECT_EQ((*inventory_->GetCrlPart(held, 1))->size(), size_t{1 << 20});
}

TEST_P(InventoryTest, ACrlThatBreaksOffChangesNothing) {
  const std::string old = "the old one";
  ASSERT_THAT(inventory_->PutCrl(Crl(1, old.size()), OnePiece(old)), IsOk());
  int calls = 0;
  const auto breaks = [&]() -> absl::StatusOr<std::optional<std::string>> {
    if (++calls == 7) return absl::UnavailableError("signer: gone");
    return std::string(1 << 20, 'n');
  };
  EXPECT_THAT(inventory_->PutCrl(Crl(2, 7 << 20), breaks),
              StatusIs(absl::StatusCode::kUnavailable, "gone"));
  EXPECT_THAT(inventory_->PutCrl(Crl(2, 5), OnePiece("four")),
              StatusIs(absl::StatusCode::kInvalidArgument, "4 bytes came"));
  const auto held = inventory_->ListCrls();
  ASSERT_EQ(held->size(), 1u);
  EXPECT_EQ(*Read(*inventory_, held->front()), old);
  // What it left behind is in nobody's way.
  const std::string next(6 << 20, 'n');
  ASSERT_THAT(inventory_->PutCrl(Crl(3, next.size()), OnePiece(next)), IsOk());
  EXPECT_TRUE(*Read(*inventory_, inventory_->ListCrls()->front()) == next);
}

// TRUST 7: whoever comes last, the greatest number stays, with its own bytes.
TEST_P(InventoryTest, RacingCrlsLeaveTheGreatestNumber) {
  constexpr int kWriters = 4, kEach = 8;
  std::vector<std::thread> writers;
  std::atomic<int> stored = 0;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      for (int i = 1; i <= kEach; ++i) {
        const uint64_t number = static_cast<uint64_t>(i * kWriters + writer);
        const std::string der = Letters(3000 + number, 'r');
        const absl::Status put =
            inventory_->PutCrl(Crl(number, der.size()), OnePiece(der));
        if (put.ok()) ++stored;
        EXPECT_TRUE(put.ok() || absl::IsFailedPrecondition(put)) << put;
        const auto held = inventory_->ListCrls();
        ASSERT_THAT(held, IsOk());
        EXPECT_GE(held->front().number, number);
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_GE(stored, 1);
  const CrlRow held = inventory_->ListCrls()->front();
  EXPECT_EQ(held.number, uint64_t{kEach * kWriters + kWriters - 1});
  EXPECT_EQ(*Read(*inventory_, held), Letters(3000 + held.number, 'r'));
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
  EXPECT_EQ(inventory_->FindSerial(Certificate(1).serial)->front().status,
            CertificateStatus::kRevoked);
  const LedgerStep wrong{
      .certificates = {Certificate(2)},
      .statuses = {Status(9, CertificateStatus::kRevoked, 40)},
      .signer = "signer",
      .next_index = 41};
  EXPECT_THAT(inventory_->ApplyLedgerStep(wrong),
              StatusIs(absl::StatusCode::kNotFound, "not in the inventory"));
  EXPECT_EQ(*inventory_->NextIndex("signer"), 31u);
  EXPECT_TRUE(inventory_->FindSerial(Certificate(2).serial)->empty());
}

// A follower that waited for the next entry while a failover lost the last.
TEST_P(InventoryTest, ALedgerStepWithoutWhatComesBeforeItIsRefused) {
  ASSERT_THAT(inventory_->ApplyLedgerStep(
                  {.signer = "signer", .from_index = 0, .next_index = 7}),
              IsOk());
  EXPECT_THAT(inventory_->ApplyLedgerStep({.certificates = {Certificate(1)},
                                           .signer = "signer",
                                           .from_index = 8,
                                           .next_index = 9}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "to entry 7, the step begins at 8"));
  EXPECT_EQ(*inventory_->NextIndex("signer"), 7u);
  EXPECT_TRUE(inventory_->FindSerial(Certificate(1).serial)->empty());
  // Another follower was faster with some of it.
  ASSERT_THAT(inventory_->ApplyLedgerStep({.certificates = {Certificate(1)},
                                           .signer = "signer",
                                           .from_index = 5,
                                           .next_index = 9}),
              IsOk());
  EXPECT_EQ(*inventory_->NextIndex("signer"), 9u);
}

// A copy of the ledger comes with the rows, in the same transaction.
TEST_P(InventoryTest, EntriesAndTheirRootsAreKept) {
  EXPECT_TRUE(absl::IsNotFound(
      inventory_->LedgerRootUpTo("signer", 1'000'000).status()));
  EXPECT_THAT(inventory_->ReadLedger("signer", 0, 1),
              StatusIs(absl::StatusCode::kDataLoss, "entry 0"));
  uint64_t next = 0;
  std::vector<uint64_t> ends;
  for (const uint64_t entries : {3, 1, 130, 1, 300, 1, 1}) {
    LedgerStep step{
        .signer = "signer", .from_index = next, .next_index = next + entries};
    for (uint64_t i = next; i < step.next_index; ++i) {
      step.entries.push_back("entry " + std::to_string(i) + std::string(1, 0));
    }
    next = step.next_index;
    ends.push_back(next);
    step.root = {.size = next,
                 .frontier = "frontier " + std::to_string(next),
                 .signed_root = "root " + std::to_string(next)};
    ASSERT_THAT(inventory_->ApplyLedgerStep(step), IsOk());
    ASSERT_THAT(inventory_->ApplyLedgerStep(step), IsOk());
    // Where it ends there is a root.
    const auto newest = inventory_->LedgerRootUpTo("signer", 1'000'000);
    ASSERT_THAT(newest, IsOk());
    EXPECT_EQ(newest->size, next);
    EXPECT_EQ(newest->frontier, "frontier " + std::to_string(next));
    EXPECT_EQ(newest->signed_root, "root " + std::to_string(next));
  }
  // From one root to the next, all can be read again.
  uint64_t at = 0;
  while (at < next) {
    const auto root = inventory_->LedgerRootAfter("signer", at);
    ASSERT_THAT(root, IsOk());
    ASSERT_GT(root->size, at);
    EXPECT_THAT(ends, ::testing::Contains(root->size));
    const auto entries = inventory_->ReadLedger("signer", at, root->size);
    ASSERT_THAT(entries, IsOk());
    ASSERT_EQ(entries->size(), root->size - at);
    EXPECT_EQ(entries->front(),
              "entry " + std::to_string(at) + std::string(1, 0));
    EXPECT_EQ(inventory_->LedgerRootUpTo("signer", root->size)->size,
              root->size);
    at = root->size;
  }
  EXPECT_TRUE(
      absl::IsNotFound(inventory_->LedgerRootAfter("signer", next).status()));
  EXPECT_THAT(inventory_->ReadLedger("signer", next - 1, next + 1),
              StatusIs(absl::StatusCode::kDataLoss, "is not there"));
  EXPECT_TRUE(
      absl::IsNotFound(inventory_->LedgerRootUpTo("other", next).status()));
}

TEST_P(InventoryTest, TheBeginningOfALedgerCanBeDropped) {
  EXPECT_EQ(*inventory_->FirstEntry("signer"), 0u);
  EXPECT_TRUE(absl::IsNotFound(inventory_->DropLedgerBefore("signer", 0)));
  for (const std::string signer : {"signer", "other"}) {
    for (uint64_t next = 0; next < 600; next += 200) {
      LedgerStep step{.signer = signer,
                      .from_index = next,
                      .next_index = next + 200,
                      .root = {.size = next + 200,
                               .frontier = "frontier",
                               .signed_root = "root"}};
      for (uint64_t i = next; i < step.next_index; ++i) {
        step.entries.push_back("entry " + std::to_string(i));
      }
      ASSERT_THAT(inventory_->ApplyLedgerStep(step), IsOk());
    }
  }
  EXPECT_EQ(*inventory_->FirstEntry("signer"), 0u);
  // Only to where a root is.
  EXPECT_THAT(inventory_->DropLedgerBefore("signer", 399),
              StatusIs(absl::StatusCode::kNotFound, "399"));
  EXPECT_EQ(inventory_->ReadLedger("signer", 0, 600)->size(), 600u);

  ASSERT_THAT(inventory_->DropLedgerBefore("signer", 400), IsOk());
  EXPECT_EQ(*inventory_->FirstEntry("signer"), 400u);
  EXPECT_THAT(inventory_->ReadLedger("signer", 399, 401),
              StatusIs(absl::StatusCode::kDataLoss, "entry 399"));
  EXPECT_EQ(inventory_->ReadLedger("signer", 400, 600)->front(), "entry 400");
  EXPECT_TRUE(
      absl::IsNotFound(inventory_->LedgerRootUpTo("signer", 399).status()));
  EXPECT_EQ(inventory_->LedgerRootUpTo("signer", 599)->size, 400u);
  EXPECT_EQ(inventory_->LedgerRootAfter("signer", 0)->size, 400u);
  // Again, and less, changes nothing.
  ASSERT_THAT(inventory_->DropLedgerBefore("signer", 400), IsOk());
  EXPECT_TRUE(absl::IsNotFound(inventory_->DropLedgerBefore("signer", 200)));

  // All but its last root; what is followed then goes on from there.
  ASSERT_THAT(inventory_->DropLedgerBefore("signer", 600), IsOk());
  EXPECT_EQ(*inventory_->FirstEntry("signer"), 600u);
  EXPECT_EQ(*inventory_->NextIndex("signer"), 600u);
  ASSERT_THAT(inventory_->ApplyLedgerStep({.signer = "signer",
                                           .from_index = 600,
                                           .next_index = 601,
                                           .entries = {"entry 600"},
                                           .root = {.size = 601,
                                                    .frontier = "frontier",
                                                    .signed_root = "root"}}),
              IsOk());
  EXPECT_EQ(*inventory_->FirstEntry("signer"), 600u);
  EXPECT_EQ(inventory_->ReadLedger("signer", 600, 601)->front(), "entry 600");
  // Another signer's is as it was.
  EXPECT_EQ(inventory_->ReadLedger("other", 0, 600)->size(), 600u);
}

TEST_P(InventoryTest, AHeadOfALaterEpochReplacesALaterOne) {
  const absl::Time time = kNow;
  ASSERT_THAT(
      inventory_->PutHead("one", {.time = time, .epoch = 1, .head = "first"}),
      IsOk());
  ASSERT_THAT(inventory_->PutHead("one", {.time = time - absl::Seconds(1),
                                          .epoch = 2,
                                          .head = "promoted"}),
              IsOk());
  ASSERT_THAT(inventory_->PutHead("one", {.time = time + absl::Hours(1),
                                          .epoch = 1,
                                          .head = "superseded"}),
              IsOk());
  const auto held = inventory_->GetHead("one");
  ASSERT_THAT(held, IsOk());
  EXPECT_EQ(held->head, "promoted");
  EXPECT_EQ(held->epoch, 2u);
}

TEST_P(InventoryTest, EachSignerHasItsCursor) {
  ASSERT_THAT(
      inventory_->ApplyLedgerStep({.signer = "issuing", .next_index = 9}),
      IsOk());
  ASSERT_THAT(inventory_->ApplyLedgerStep({.signer = "root", .next_index = 2}),
              IsOk());
  EXPECT_EQ(*inventory_->NextIndex("issuing"), 9u);
  EXPECT_EQ(*inventory_->NextIndex("root"), 2u);
  EXPECT_EQ(*inventory_->NextIndex("other"), 0u);
}

TEST_P(InventoryTest, SeveralFollowersTakeEachStepOnce) {
  std::vector<std::thread> followers;
  for (int t = 0; t < 3; ++t) {
    followers.emplace_back([&] {
      const auto mine = Open();
      for (int i = 1; i <= 30; ++i) {
        EXPECT_THAT(
            mine->ApplyLedgerStep({.certificates = {Certificate(i)},
                                   .signer = "signer",
                                   .next_index = static_cast<uint64_t>(i)}),
            IsOk());
      }
    });
  }
  for (std::thread& follower : followers) follower.join();
  EXPECT_EQ(*inventory_->NextIndex("signer"), 30u);
  EXPECT_EQ((*inventory_->CountByStatus())[CertificateStatus::kGood], 30u);
}

TEST_P(InventoryTest, IssuersComeBackAndAreReplaced) {
  IssuerRow issuer{.issuer_id = kIssuer,
                   .name = "issuing",
                   .certificate = std::string("c\0", 2),
                   .chain = {"a", std::string("b\0", 2)},
                   .profiles = {"server", "client"}};
  ASSERT_THAT(inventory_->PutIssuer(issuer), IsOk());
  issuer.profiles.push_back("mail");
  ASSERT_THAT(inventory_->PutIssuer(issuer), IsOk());
  const auto issuers = inventory_->ListIssuers();
  ASSERT_EQ(issuers->size(), 1u);
  EXPECT_EQ(issuers->front().certificate, issuer.certificate);
  EXPECT_EQ(issuers->front().chain, issuer.chain);
  EXPECT_EQ(issuers->front().profiles, issuer.profiles);
  issuer.profiles = {"two\nlines"};
  EXPECT_THAT(inventory_->PutIssuer(issuer),
              StatusIs(absl::StatusCode::kInvalidArgument, "issuing"));
}

TEST_P(InventoryTest, RefusesANewerSchema) {
  ASSERT_THAT(OpenDatabase()->Transact([](Session& session) {
    return session
        .Run("INSERT INTO schema_migrations (version) VALUES ($1)",
             {int64_t{999}})
        .status();
  }),
              IsOk());
  EXPECT_THAT(TryOpen(),
              StatusIs(absl::StatusCode::kFailedPrecondition, "999"));
}

TEST_P(InventoryTest, AFailedTransactionLeavesNothing) {
  const auto database = OpenDatabase();
  EXPECT_THAT(database->Transact([](Session& session) -> absl::Status {
    EXPECT_THAT(session.Run("INSERT INTO templates VALUES ($1, $2)",
                            {Blob{"id"}, Blob{"data"}}),
                IsOk());
    return absl::AbortedError("enough");
  }),
              StatusIs(absl::StatusCode::kAborted, "enough"));
  EXPECT_THAT(inventory_->GetTemplate("id"),
              StatusIs(absl::StatusCode::kNotFound, "6964"));
}

TEST_P(InventoryTest, BadSqlIsAnErrorAndTheConnectionLives) {
  const auto database = OpenDatabase();
  const auto run = [&](const std::string& sql) {
    return database->Transact(
        [&](Session& session) { return session.Run(sql, {}).status(); });
  };
  EXPECT_THAT(run("SELECT nothing FROM nowhere"),
              StatusIs(absl::StatusCode::kInternal, "nowhere"));
  EXPECT_THAT(run("SELECT 1"), IsOk());
}

}  // namespace
}  // namespace chancery::storage
