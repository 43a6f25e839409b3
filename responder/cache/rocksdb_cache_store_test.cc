#include "responder/cache/rocksdb_cache_store.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chancery::responder {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using ::testing::_;
using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

class RocksDbCacheStoreTest : public ::testing::Test {
 protected:
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  // Why it was wiped.
  std::string Open() {
    store_.reset();
    auto opened = OpenRocksDbCacheStore(folder_);
    EXPECT_THAT(opened, IsOk());
    store_ = std::move(opened->store);
    return opened->wiped;
  }

  std::map<std::string, std::string> Rows(const std::string& prefix = "") {
    std::map<std::string, std::string> rows;
    EXPECT_THAT(
        store_->ForEach(prefix,
                        [&](absl::string_view key, absl::string_view value) {
                          rows.emplace(std::string(key), std::string(value));
                        }),
        IsOk());
    return rows;
  }

  const std::string folder_ =
      ::testing::TempDir() + "/cache-" +
      ::testing::UnitTest::GetInstance()->current_test_info()->name();
  std::unique_ptr<FolderCacheStore> store_;
};

TEST_F(RocksDbCacheStoreTest, KeepsRowsOverARestart) {
  EXPECT_EQ(Open(), "");
  const std::string large(100'000, 'x');
  EXPECT_THAT(store_->Put("1a", "small"), IsOk());
  EXPECT_THAT(store_->Put("2a", large), IsOk());
  EXPECT_THAT(store_->Put("2b", "gone"), IsOk());
  EXPECT_THAT(store_->Delete("2b"), IsOk());
  EXPECT_EQ(Open(), "");
  EXPECT_THAT(Rows("2"), UnorderedElementsAre(Pair("2a", large)));
  EXPECT_THAT(Rows().size(), 2u);
  EXPECT_THAT(store_->Clear(), IsOk());
  EXPECT_THAT(Rows(), IsEmpty());
}

TEST_F(RocksDbCacheStoreTest, IsOfOneProcess) {
  Open();
  EXPECT_THAT(OpenRocksDbCacheStore(folder_).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "another process uses it"));
  EXPECT_THAT(store_->Put("a", "b"), IsOk());
}

TEST_F(RocksDbCacheStoreTest, StartsEmptyWhenItsFilesAreDamaged) {
  Open();
  EXPECT_THAT(store_->Put("a", "b"), IsOk());
  store_.reset();
  std::ofstream(folder_ + "/CURRENT") << "nonsense";
  std::ofstream(folder_ + "/notes.txt") << "not RocksDB's";
  EXPECT_NE(Open(), "");
  EXPECT_THAT(Rows(), IsEmpty());
  EXPECT_TRUE(std::filesystem::exists(folder_ + "/notes.txt"));
  EXPECT_THAT(store_->Put("a", "c"), IsOk());
  EXPECT_EQ(Open(), "");
  EXPECT_THAT(Rows(), UnorderedElementsAre(Pair("a", "c")));
}

TEST_F(RocksDbCacheStoreTest, GoesOnWithAnEmptyFolderWhenItsOwnGoes) {
  Open();
  EXPECT_THAT(store_->Put("a", "b"), IsOk());
  std::filesystem::remove_all(folder_);
  const std::string large(1 << 20, 'x');
  int failed = 0;
  for (int i = 0; i < 100; ++i) {
    failed += store_->Put("key" + std::to_string(i), large).ok() ? 0 : 1;
  }
  EXPECT_GT(failed, 0);
  EXPECT_LT(failed, 100);
  EXPECT_THAT(store_->Put("c", "d"), IsOk());
  EXPECT_EQ(Open(), "");
  EXPECT_THAT(Rows(), Not(Contains(Pair("a", _))));
  EXPECT_THAT(Rows(), Contains(Pair("c", "d")));
}

TEST_F(RocksDbCacheStoreTest, LetsAnotherHaveTheFolderAndTakesItBack) {
  Open();
  EXPECT_THAT(store_->Put("a", "b"), IsOk());
  store_->Close();
  EXPECT_THAT(store_->Put("a", "c"),
              StatusIs(absl::StatusCode::kUnavailable, "not open"));
  {
    const auto other = OpenRocksDbCacheStore(folder_);
    ASSERT_THAT(other, IsOk());
    EXPECT_THAT(other->store->Put("e", "f"), IsOk());
    EXPECT_THAT(store_->Reopen(),
                StatusIs(absl::StatusCode::kFailedPrecondition, ""));
  }
  EXPECT_THAT(store_->Reopen(), IsOk());
  EXPECT_THAT(Rows(), Contains(Pair("a", "b")));
  EXPECT_THAT(Rows(), Contains(Pair("e", "f")));
}

// In a random order, so that no file of values is ever without one that is
// held.
TEST_F(RocksDbCacheStoreTest, GivesBackTheRoomOfReplacedValues) {
  Open();
  constexpr int kRows = 400;
  constexpr int kReplaced = 300;
  const auto value = [](int row, char round) {
    return std::to_string(row) + std::string(200'000, round);
  };
  std::vector<int> order(kRows);
  std::iota(order.begin(), order.end(), 0);
  const auto put = [&](int count, char round) {
    for (int i = 0; i < count; ++i) {
      ASSERT_THAT(
          store_->Put("2" + std::to_string(order[i]), value(order[i], round)),
          IsOk());
    }
  };
  put(kRows, 'a');
  std::shuffle(order.begin(), order.end(), std::mt19937(1));
  put(kReplaced, 'b');

  const auto room = [&] {
    uintmax_t bytes = 0;
    for (const auto& file : std::filesystem::directory_iterator(folder_)) {
      std::error_code gone;
      const uintmax_t size = file.file_size(gone);
      if (!gone) bytes += size;
    }
    return bytes;
  };
  // Beside what is held: a fifth, and what is in RocksDB's buffers and log.
  const uintmax_t limit = kRows * 200'000 * 6 / 5 + (16 << 20);
  const absl::Time deadline = absl::Now() + absl::Seconds(30);
  while (room() > limit && absl::Now() < deadline) {
    absl::SleepFor(absl::Milliseconds(10));
  }
  EXPECT_LE(room(), limit);

  EXPECT_EQ(Open(), "");
  const auto rows = Rows("2");
  ASSERT_EQ(rows.size(), size_t{kRows});
  for (int i = 0; i < kRows; ++i) {
    EXPECT_EQ(rows.at("2" + std::to_string(order[i])),
              value(order[i], i < kReplaced ? 'b' : 'a'));
  }
}

}  // namespace
}  // namespace chancery::responder
