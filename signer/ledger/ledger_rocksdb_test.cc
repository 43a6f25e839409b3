#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/testing/status_matchers.h"
#include "gtest/gtest.h"
#include "signer/ledger/ledger.h"
#include "signer/ledger/ledger_audit.h"
#include "signer/ledger/rocksdb_store.h"
#include "signer/ledger/testing/sample_certificates.h"

// RocksDB's own threads append to strings in libstdc++ and in this test's
// copies of its templates; ThreadSanitizer cannot see the locks that they hold.
extern "C" const char* __tsan_default_suppressions() {
  return "called_from_lib:librocksdb.so\n"
         "race:librocksdb\n"
         "race:libabsl\n"
         "race:std::char_traits<char>::copy\n"
         "race:basic_string*_M_append\n"
         "deadlock:librocksdb\n";
}

namespace chancery::signer {
namespace {

namespace fs = std::filesystem;
using ::chancery::base::testing::IsOk;
using ::chancery::base::testing::StatusIs;

constexpr auto kDataLoss = absl::StatusCode::kDataLoss;

class LedgerRocksDbTest : public ::testing::Test {
 protected:
  LedgerRocksDbTest() {
    folder_ = absl::StrCat(
        ::testing::TempDir(), "/",
        ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
  }

  absl::StatusOr<std::unique_ptr<Ledger>> Open() {
    auto store = OpenRocksDbStore(folder_);
    if (!store.ok()) return store.status();
    return Ledger::Open(*std::move(store), base::SystemClock(), {});
  }

  static absl::Status Issue(Ledger& ledger, uint64_t serial, uint64_t& index) {
    return ledger.Execute([&](Transaction& tx) -> absl::Status {
      const auto added =
          testing::IssueSample(tx, {.serial = serial, .block_capacity = 4096});
      if (added.ok()) index = *added;
      return added.status();
    });
  }

  void Fill(uint64_t count) {
    auto ledger = Open();
    ASSERT_THAT(ledger, IsOk());
    for (uint64_t serial = 0; serial < count; ++serial) {
      uint64_t index;
      ASSERT_THAT(Issue(**ledger, serial, index), IsOk());
    }
  }

  // The largest file of a kind.
  fs::path File(absl::string_view ending) {
    fs::path largest;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      if (!absl::EndsWith(entry.path().string(), ending)) continue;
      if (largest.empty() || entry.file_size() > fs::file_size(largest)) {
        largest = entry.path();
      }
    }
    return largest;
  }

  static void Flip(const fs::path& path, uint64_t offset) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(offset));
    const int byte = file.get();
    file.seekp(static_cast<std::streamoff>(offset));
    file.put(static_cast<char>(byte ^ 0x55));
  }

  std::string folder_;
};

TEST_F(LedgerRocksDbTest, ManyCallersShareASync) {
  constexpr int kThreads = 8;
  constexpr int kCommands = 100;
  auto ledger = Open();
  ASSERT_THAT(ledger, IsOk());
  std::vector<std::vector<uint64_t>> indices(kThreads);
  std::atomic<bool> reading = true;
  std::thread reader([&] {
    uint64_t size = 0;
    while (reading) {
      const auto view = (*ledger)->Read();
      EXPECT_THAT(view, IsOk());
      EXPECT_GE((*view)->head().size, size);
      size = (*view)->head().size;
      if (size > 0) {
        EXPECT_THAT((*view)->state().EntryAt(size - 1), IsOk());
      }
      EXPECT_THAT((*view)->state().EntryAt(size),
                  StatusIs(absl::StatusCode::kNotFound, "entry"));
    }
  });
  std::vector<std::thread> writers;
  for (int t = 0; t < kThreads; ++t) {
    writers.emplace_back([&, t] {
      for (int i = 0; i < kCommands; ++i) {
        uint64_t index = 0;
        EXPECT_THAT(Issue(**ledger, static_cast<uint64_t>(t) << 32 | i, index),
                    IsOk());
        indices[t].push_back(index);
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  reading = false;
  reader.join();

  const Ledger::Counters counters = (*ledger)->counters();
  EXPECT_EQ(counters.commands, 1u * kThreads * kCommands);
  EXPECT_LT(counters.groups, counters.commands);
  RecordProperty("groups", static_cast<int>(counters.groups));
  const auto view = (*ledger)->Read();
  EXPECT_EQ((*view)->head().size, 1u * kThreads * kCommands);
  for (int t = 0; t < kThreads; ++t) {
    EXPECT_TRUE(std::is_sorted(indices[t].begin(), indices[t].end()));
    for (int i = 0; i < kCommands; ++i) {
      const auto entry = (*view)->state().EntryAt(indices[t][i]);
      ASSERT_THAT(entry, IsOk());
      EXPECT_EQ(std::get<ledger::CertificateEntry>(entry->body).serial,
                testing::SampleSerial(static_cast<uint64_t>(t) << 32 | i));
    }
  }
}

TEST_F(LedgerRocksDbTest, ASecondSignerIsRefused) {
  const auto first = Open();
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kFailedPrecondition,
                               "another signer uses this folder"));
}

TEST_F(LedgerRocksDbTest, OthersMayNotReadIt) {
  Fill(1);
  struct stat info;
  ASSERT_EQ(stat(folder_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
  for (const auto& entry : fs::directory_iterator(folder_)) {
    ASSERT_EQ(stat(entry.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u) << entry.path();
  }
  ASSERT_EQ(chmod(folder_.c_str(), 0750), 0);
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kPermissionDenied,
                               absl::StrCat("chmod 700 ", folder_)));
}

TEST_F(LedgerRocksDbTest, ADamagedLogIsDataLoss) {
  Fill(50);
  const fs::path log = File(".log");
  Flip(log, fs::file_size(log) / 2);
  EXPECT_THAT(Open(), StatusIs(kDataLoss, folder_));
  EXPECT_THAT(Open(), StatusIs(kDataLoss, folder_));  // Nothing was repaired.
}

TEST_F(LedgerRocksDbTest, ADamagedTableIsDataLoss) {
  Fill(50);
  Fill(0);  // Opening moves the log's rows into a table.
  const fs::path table = File(".sst");
  ASSERT_FALSE(table.empty());
  Flip(table, fs::file_size(table) / 4);
  const auto opened = Open();
  if (opened.ok()) {
    auto store = (*opened)->Read();
    EXPECT_THAT((*store)->state().Blocks(
                    [](const BlockState&) { return absl::OkStatus(); }),
                StatusIs(kDataLoss, folder_));
  } else {
    EXPECT_THAT(opened, StatusIs(kDataLoss, folder_));
  }
}

TEST_F(LedgerRocksDbTest, ADamagedManifestIsDataLoss) {
  Fill(5);
  fs::path manifest;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    if (absl::StrContains(entry.path().string(), "MANIFEST-")) {
      manifest = entry.path();
    }
  }
  Flip(manifest, fs::file_size(manifest) / 2);
  EXPECT_THAT(Open(), StatusIs(kDataLoss, folder_));
}

TEST_F(LedgerRocksDbTest, AMissingCurrentIsNotAnEmptyLedger) {
  Fill(5);
  fs::remove(folder_ + "/CURRENT");
  EXPECT_THAT(Open(), StatusIs(kDataLoss, "CURRENT is missing"));
}

TEST_F(LedgerRocksDbTest, ALastWriteThatWasCutOffIsNotInIt) {
  Fill(5);
  const fs::path log = File(".log");
  fs::resize_file(log, fs::file_size(log) - 7);
  const auto ledger = Open();
  ASSERT_THAT(ledger, IsOk());
  EXPECT_EQ((*ledger)->Head().size, 4u);
}

TEST_F(LedgerRocksDbTest, ReplayGivesTheSameStateAndRoot) {
  Fill(1500);
  const auto store = OpenRocksDbStore(folder_);
  ASSERT_THAT(store, IsOk());
  EXPECT_THAT(AuditLedger(**store), IsOk());
}

}  // namespace
}  // namespace chancery::signer
