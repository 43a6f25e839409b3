#include "signer/ledger/kv_store.h"

#include <sys/stat.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/testing/file_size_limit.h"
#include "base/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "signer/ledger/rocksdb_store.h"
#include "signer/ledger/testing/fake_kv_store.h"

namespace chancery::signer {
namespace {

using ::chancery::base::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::Pair;
using Rows = std::vector<std::pair<std::string, std::string>>;

// A place that stores can be opened on, one after the other.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::unique_ptr<KvStore> Open() = 0;
};

class FakeBackend final : public Backend {
 public:
  std::unique_ptr<KvStore> Open() override {
    disk_.Crash();
    return std::make_unique<testing::FakeKvStore>(disk_);
  }

 private:
  testing::FakeDisk disk_;
};

class RocksDbBackend final : public Backend {
 public:
  RocksDbBackend() {
    folder_ = absl::StrCat(
        ::testing::TempDir(), "/contract-",
        ::testing::UnitTest::GetInstance()->current_test_info()->line(), "-",
        counter_++);
    std::filesystem::remove_all(folder_);
  }
  std::unique_ptr<KvStore> Open() override {
    auto store = OpenRocksDbStore(folder_);
    EXPECT_THAT(store, IsOk());
    return store.ok() ? *std::move(store) : nullptr;
  }

 private:
  inline static int counter_ = 0;
  std::string folder_;
};

struct Case {
  std::string name;
  std::function<std::unique_ptr<Backend>()> make;
};

class KvStoreTest : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    backend_ = GetParam().make();
    store_ = backend_->Open();
    ASSERT_NE(store_, nullptr);
  }

  void Put(const Rows& rows, bool sync = true) {
    WriteBatch batch;
    for (const auto& [key, value] : rows) batch.Put(key, value);
    ASSERT_THAT(store_->Write(batch, sync), IsOk());
  }

  static Rows ScanAll(const KvReader& reader, const std::string& from = "",
                      const std::string& to = "") {
    Rows rows;
    EXPECT_THAT(
        reader.Scan(from, to,
                    [&rows](absl::string_view key, absl::string_view value) {
                      rows.emplace_back(key, value);
                      return true;
                    }),
        IsOk());
    return rows;
  }

  std::unique_ptr<Backend> backend_;
  std::unique_ptr<KvStore> store_;
};

TEST_P(KvStoreTest, GetsWhatWasPut) {
  Put({{"a", "1"}, {std::string("b\0c", 3), std::string("\0", 1)}});
  EXPECT_THAT(*store_->Get("a"), Optional(Eq("1")));
  EXPECT_THAT(*store_->Get(absl::string_view("b\0c", 3)),
              Optional(Eq(std::string("\0", 1))));
  EXPECT_EQ(*store_->Get("b"), std::nullopt);
}

TEST_P(KvStoreTest, KeepsAnEmptyValueApartFromNone) {
  Put({{"a", ""}});
  EXPECT_THAT(*store_->Get("a"), Optional(Eq("")));
}

TEST_P(KvStoreTest, LaterOperationsOfABatchWin) {
  WriteBatch batch;
  batch.Put("a", "1");
  batch.Delete("a");
  batch.Delete("b");
  batch.Put("b", "2");
  ASSERT_THAT(store_->Write(batch, true), IsOk());
  EXPECT_THAT(ScanAll(*store_), ElementsAre(Pair("b", "2")));
}

TEST_P(KvStoreTest, ScansInOrderOfUnsignedBytes) {
  Put({{"\xff", "4"}, {"a", "2"}, {"\x01", "1"}, {"b", "3"}});
  EXPECT_THAT(ScanAll(*store_), ElementsAre(Pair("\x01", "1"), Pair("a", "2"),
                                            Pair("b", "3"), Pair("\xff", "4")));
}

TEST_P(KvStoreTest, ScansAHalfOpenRange) {
  Put({{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}});
  EXPECT_THAT(ScanAll(*store_, "b", "d"),
              ElementsAre(Pair("b", "2"), Pair("c", "3")));
  EXPECT_THAT(ScanAll(*store_, "aa", "ab"), IsEmpty());
}

TEST_P(KvStoreTest, EndsAScanWhenToldTo) {
  Put({{"a", "1"}, {"b", "2"}});
  int visits = 0;
  ASSERT_THAT(store_->Scan("", "",
                           [&](absl::string_view, absl::string_view) {
                             ++visits;
                             return false;
                           }),
              IsOk());
  EXPECT_EQ(visits, 1);
}

TEST_P(KvStoreTest, ASnapshotDoesNotMove) {
  Put({{"a", "1"}, {"b", "2"}});
  const std::unique_ptr<const KvReader> snapshot = store_->Snapshot();
  WriteBatch batch;
  batch.Put("a", "changed");
  batch.Delete("b");
  batch.Put("c", "3");
  ASSERT_THAT(store_->Write(batch, true), IsOk());
  EXPECT_THAT(ScanAll(*snapshot), ElementsAre(Pair("a", "1"), Pair("b", "2")));
  EXPECT_THAT(*snapshot->Get("b"), Optional(Eq("2")));
  EXPECT_EQ(*snapshot->Get("c"), std::nullopt);
}

TEST_P(KvStoreTest, IsThereWhenOpenedAgain) {
  const std::string large(1 << 20, 'x');
  Put({{"a", "1"}}, /*sync=*/false);
  Put({{"b", large}});
  for (int i = 0; i < 2; ++i) {
    store_.reset();
    store_ = backend_->Open();
    ASSERT_NE(store_, nullptr);
    EXPECT_THAT(ScanAll(*store_),
                ElementsAre(Pair("a", "1"), Pair("b", large)));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Stores, KvStoreTest,
    ::testing::Values(
        Case{"Fake", [] { return std::make_unique<FakeBackend>(); }},
        Case{"RocksDb", [] { return std::make_unique<RocksDbBackend>(); }}),
    [](const auto& info) { return info.param.name; });

class FakeDiskTest : public ::testing::Test {
 protected:
  absl::Status Put(const std::string& key, bool sync = true) {
    WriteBatch batch;
    batch.Put(key, "");
    return testing::FakeKvStore(disk_).Write(batch, sync);
  }
  bool Has(const std::string& key) {
    return testing::FakeKvStore(disk_).Get(key)->has_value();
  }
  testing::FakeDisk disk_;
};

TEST_F(FakeDiskTest, ACrashUndoesWhatWasNotSynced) {
  ASSERT_THAT(Put("synced"), IsOk());
  ASSERT_THAT(Put("not", false), IsOk());
  EXPECT_TRUE(Has("not"));
  disk_.Crash();
  EXPECT_FALSE(Has("not"));
  EXPECT_TRUE(Has("synced"));
}

TEST_F(FakeDiskTest, FailsTheNthWriteInEachWay) {
  using Failure = testing::FakeDisk::Failure;
  struct Row {
    Failure failure;
    bool ok, visible, durable;
  };
  for (const Row& row : {Row{Failure::kBefore, false, false, false},
                         Row{Failure::kAfter, false, true, true},
                         Row{Failure::kNotSynced, false, true, false},
                         Row{Failure::kIgnoredSync, true, true, false}}) {
    SCOPED_TRACE(static_cast<int>(row.failure));
    disk_.set_durable({});
    disk_.FailWrite(2, row.failure);
    ASSERT_THAT(Put("first"), IsOk());
    EXPECT_EQ(Put("second").ok(), row.ok);
    EXPECT_EQ(Has("second"), row.visible);
    disk_.Crash();
    EXPECT_EQ(Has("second"), row.durable);
    EXPECT_TRUE(Has("first"));
  }
}

// What was acknowledged stays, what was not is refused, and the process lives:
// it has to tell its clients.
TEST(RocksDbStoreTest, RefusesWritesOfAFullDiskAndKeepsWhatItHas) {
  RocksDbBackend backend;
  std::unique_ptr<KvStore> store = backend.Open();
  ASSERT_NE(store, nullptr);
  const auto put = [&](const std::string& key) {
    WriteBatch batch;
    batch.Put(key, std::string(4000, 'v'));
    return store->Write(batch, /*sync=*/true);
  };
  ASSERT_THAT(put("before"), IsOk());
  {
    const base::testing::FileSizeLimit limit(16 << 10);
    int accepted = 0;
    while (accepted < 100 && put(absl::StrCat("more", accepted)).ok()) {
      ++accepted;
    }
    EXPECT_LT(accepted, 5);
    // And so it goes on, long enough for what RocksDB does in the background.
    for (int i = 0; i < 100; ++i) EXPECT_FALSE(put("late").ok());
    EXPECT_THAT(store->Get("before"), IsOk());
  }
  store.reset();
  store = backend.Open();
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(**store->Get("before"), std::string(4000, 'v'));
  EXPECT_EQ(*store->Get("late"), std::nullopt);
  EXPECT_THAT(put("after"), IsOk());
}

}  // namespace
}  // namespace chancery::signer
