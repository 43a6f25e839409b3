#include "base/reader_gate.h"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace chancery::base {
namespace {

TEST(ReaderGateTest, WaitsForNobodyWhenNobodyReads) {
  const ReaderGate gate;
  { const ReaderGate::Reader reader(gate); }
  EXPECT_TRUE(gate.Wait(absl::ZeroDuration()));
}

TEST(ReaderGateTest, GivesUpOnAReaderThatDoesNotEnd) {
  const ReaderGate gate;
  const ReaderGate::Reader reader(gate);
  bool waited = true;
  std::thread([&] { waited = gate.Wait(absl::Milliseconds(5)); }).join();
  EXPECT_FALSE(waited);
}

TEST(ReaderGateTest, WaitsUntilTheReaderEnds) {
  const ReaderGate gate;
  std::atomic<bool> reading = false, ended = false, may_end = false;
  std::thread other([&] {
    {
      const ReaderGate::Reader reader(gate);
      reading = true;
      while (!may_end) std::this_thread::yield();
      ended = true;
    }
  });
  while (!reading) std::this_thread::yield();
  may_end = true;
  EXPECT_TRUE(gate.Wait(absl::Minutes(1)));
  EXPECT_TRUE(ended);
  other.join();
}

// What is freed after Wait is poisoned first: a reader that still had it would
// see that, and sanitizers would see the access.
TEST(ReaderGateTest, NobodySeesWhatWasFreed) {
  struct Pair {
    explicit Pair(int of) : first(of), second(of) {}
    ~Pair() { first = -1; }
    int first, second;
  };
  const ReaderGate gate;
  std::atomic<const Pair*> current = new Pair(0);
  std::atomic<bool> stop = false;
  std::atomic<int> torn = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        const ReaderGate::Reader reader(gate);
        const Pair* pair = current.load();
        if (pair->first != pair->second) ++torn;
      }
    });
  }
  for (int i = 1; i < 2000; ++i) {
    const std::unique_ptr<const Pair> old(current.exchange(new Pair(i)));
    ASSERT_TRUE(gate.Wait(absl::Minutes(1)));
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  delete current.load();
  EXPECT_EQ(torn, 0);
}

}  // namespace
}  // namespace chancery::base
