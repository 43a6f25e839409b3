// What several processes can do to one file, and what one that dies leaves.
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "base/testing/status_matchers.h"
#include "gtest/gtest.h"
#include "storage/open.h"

namespace chancery::storage {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;

constexpr int kBatch = 20;

std::string Path(const std::string& name) {
  return std::string(std::getenv("TEST_TMPDIR")) + "/" + name;
}

CertificateRow Certificate(int number) {
  return {.issuer_id = std::string(32, '\x11'),
          .serial = std::to_string(number),
          .der = std::string(2'000, 'd'),
          .ledger_index = static_cast<uint64_t>(number)};
}

std::vector<CertificateRow> Batch(int number) {
  std::vector<CertificateRow> rows;
  for (int i = 0; i < kBatch; ++i) {
    rows.push_back(Certificate(number * kBatch + i));
  }
  return rows;
}

uint64_t CountGood(Inventory& inventory) {
  auto counts = inventory.CountByStatus();
  EXPECT_THAT(counts, IsOk());
  return (*counts)[CertificateStatus::kGood];
}

TEST(SqliteInventoryTest, ItsFilesAreForTheirOwnerOnly) {
  const std::string path = Path("private.sqlite");
  const mode_t before = umask(0);
  const auto inventory = OpenSqlite(path);
  umask(before);
  ASSERT_THAT(inventory, IsOk());
  ASSERT_THAT((*inventory)->AddCertificates({Certificate(1)}), IsOk());
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat info = {};
    ASSERT_EQ(stat((path + suffix).c_str(), &info), 0) << suffix;
    EXPECT_EQ(info.st_mode & 0777, 0600u) << suffix;
  }
}

TEST(SqliteInventoryTest, AFolderThatIsNotThereIsUnavailable) {
  EXPECT_THAT(OpenSqlite(Path("no/such/folder")),
              StatusIs(absl::StatusCode::kUnavailable, "no/such/folder"));
}

TEST(SqliteInventoryTest, AnotherKindOfFileIsDataLoss) {
  const std::string path = Path("text");
  FILE* file = fopen(path.c_str(), "w");
  ASSERT_NE(file, nullptr);
  for (int i = 0; i < 1000; ++i) fputs("not a database\n", file);
  fclose(file);
  EXPECT_THAT(OpenSqlite(path),
              StatusIs(absl::StatusCode::kDataLoss, "not a database"));
}

TEST(SqliteInventoryTest, AKilledWriterLosesNothingThatReturnedAndNoHalves) {
  const std::string path = Path("killed.sqlite");
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    auto inventory = OpenSqlite(path);
    if (!inventory.ok()) _exit(1);
    for (int i = 0;; ++i) {
      if (!(*inventory)->AddCertificates(Batch(i)).ok()) _exit(1);
      if (write(ends[1], &i, sizeof i) != sizeof i) _exit(1);
    }
  }
  close(ends[1]);
  int last = 0;
  while (last < 30) ASSERT_EQ(read(ends[0], &last, sizeof last), 4);
  // It is writing the next batch: what it told us of is committed.
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  while (read(ends[0], &last, sizeof last) == 4) continue;
  close(ends[0]);

  const auto inventory = OpenSqlite(path);
  ASSERT_THAT(inventory, IsOk());
  const uint64_t held = CountGood(**inventory);
  EXPECT_GE(held, static_cast<uint64_t>((last + 1) * kBatch));
  EXPECT_EQ(held % kBatch, 0u);
}

// Each child opens a new file, writes its batches and ends.
TEST(SqliteInventoryTest, ProcessesThatStartTogetherShareAFile) {
  const std::string path = Path("shared.sqlite");
  constexpr int kProcesses = 6, kBatches = 10;
  int gate[2];
  ASSERT_EQ(pipe(gate), 0);
  std::vector<pid_t> children;
  for (int p = 0; p < kProcesses; ++p) {
    children.push_back(fork());
    if (children.back() != 0) continue;
    close(gate[1]);
    char byte;
    if (read(gate[0], &byte, 1) != 0) _exit(1);  // Until the gate opens.
    auto inventory = OpenSqlite(path);
    if (!inventory.ok()) {
      fprintf(stderr, "%s\n", inventory.status().ToString().c_str());
      _exit(2);
    }
    for (int i = 0; i < kBatches; ++i) {
      if (!(*inventory)->AddCertificates(Batch(p * kBatches + i)).ok()) {
        _exit(3);
      }
      if (!(*inventory)->NextIndex("signer").ok()) _exit(4);
    }
    _exit(0);
  }
  close(gate[0]);
  close(gate[1]);
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
  }
  EXPECT_EQ(CountGood(**OpenSqlite(path)),
            static_cast<uint64_t>(kProcesses * kBatches * kBatch));
}

}  // namespace
}  // namespace chancery::storage
