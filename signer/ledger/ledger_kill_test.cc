// A process that writes is killed with signal 9 again and again; what it was
// told is durable must be there. Every ledger lives in a child: this process
// never has RocksDB's threads, so that it can fork.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
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

constexpr int kRounds = 12;
constexpr int kWriters = 3;

pid_t InChild(const std::function<absl::Status()>& work) {
  const pid_t child = fork();
  if (child != 0) return child;
  const absl::Status status = work();
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  _exit(status.ok() ? 0 : 1);
}

// Issues without end, and writes each serial to `acknowledged` once told OK.
absl::Status WriteForEver(const std::string& folder, uint64_t round,
                          int acknowledged) {
  ASSIGN_OR_RETURN(auto store, OpenRocksDbStore(folder));
  ASSIGN_OR_RETURN(auto ledger,
                   Ledger::Open(std::move(store), base::SystemClock(), {}));
  std::vector<std::thread> writers;
  for (uint64_t writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      for (uint64_t i = 0;; ++i) {
        const uint64_t serial = round << 48 | writer << 32 | i;
        const absl::Status done = ledger->Execute([&](Transaction& tx) {
          return testing::IssueSample(tx,
                                      {.serial = serial, .block_capacity = 64})
              .status();
        });
        if (!done.ok() ||
            write(acknowledged, &serial, sizeof serial) != sizeof serial) {
          std::fprintf(stderr, "%s\n", done.ToString().c_str());
          _exit(2);
        }
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  return absl::OkStatus();
}

absl::Status CheckAll(const std::string& folder,
                      const std::vector<uint64_t>& acknowledged) {
  ASSIGN_OR_RETURN(auto store, OpenRocksDbStore(folder));
  RETURN_IF_ERROR(AuditLedger(*store));
  ASSIGN_OR_RETURN(const auto ledger,
                   Ledger::Open(std::move(store), base::SystemClock(), {}));
  ASSIGN_OR_RETURN(const auto view, ledger->Read());
  for (const uint64_t serial : acknowledged) {
    RETURN_IF_ERROR(view->state()
                        .Certificate(testing::SampleIssuerId(),
                                     testing::SampleSerial(serial))
                        .status());
  }
  return absl::OkStatus();
}

TEST(LedgerKillTest, LosesNothingThatWasAcknowledged) {
  const std::string folder = absl::StrCat(::testing::TempDir(), "/killed");
  std::filesystem::remove_all(folder);
  std::mt19937 random(1);
  std::vector<uint64_t> acknowledged;
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(round);
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t writer =
        InChild([&] { return WriteForEver(folder, round, ends[1]); });
    ASSERT_GT(writer, 0);
    close(ends[1]);
    const size_t enough = acknowledged.size() + 1 + random() % 120;
    uint64_t serial;
    bool killed = false;
    while (read(ends[0], &serial, sizeof serial) == sizeof serial) {
      acknowledged.push_back(serial);
      if (!killed && acknowledged.size() >= enough) {
        killed = true;
        ASSERT_EQ(kill(writer, SIGKILL), 0);
      }
    }
    close(ends[0]);
    int status = 0;
    ASSERT_EQ(waitpid(writer, &status, 0), writer);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself";

    const pid_t checker =
        InChild([&] { return CheckAll(folder, acknowledged); });
    ASSERT_GT(checker, 0);
    ASSERT_EQ(waitpid(checker, &status, 0), checker);
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  EXPECT_GT(acknowledged.size(), 1u * kRounds);
}

}  // namespace
}  // namespace chancery::signer
