#include "responder/cache/serial_index.h"

#include <atomic>
#include <cstdlib>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace chancery::responder {
namespace {

constexpr auto kAny = [](uint32_t) { return true; };

std::string SerialOf(uint32_t number) {
  std::string serial(16, '\x5a');
  for (int i = 0; i < 4; ++i) serial[i] = static_cast<char>(number >> (8 * i));
  return serial;
}

uint32_t TagOf(uint32_t number) {
  const std::string serial = SerialOf(number);
  return SerialIndex::TagOf(42, 7, base::AsBytes(serial));
}

TEST(SerialIndexTest, FindsEveryRecordAfterManyGrowths) {
  const base::ReaderGate gate;
  SerialIndex index(gate);
  constexpr uint32_t kRecords = 100'000;
  for (uint32_t i = 0; i < kRecords; ++i) index.Insert(TagOf(i), i);
  EXPECT_EQ(index.size(), kRecords);
  for (uint32_t i = 0; i < kRecords; ++i) {
    EXPECT_EQ(index.Find(TagOf(i), [&](uint32_t r) { return r == i; }), i);
  }
  EXPECT_LE(index.memory_bytes(), kRecords * 8 * 5 / 2);
}

TEST(SerialIndexTest, TellsRecordsOfOneTagApart) {
  const base::ReaderGate gate;
  SerialIndex index(gate);
  index.Insert(77, 1);
  index.Insert(77, 2);
  index.Insert(77, 2);
  EXPECT_EQ(index.size(), 2u);
  EXPECT_EQ(index.Find(77, [](uint32_t r) { return r == 2; }), 2u);
  EXPECT_EQ(index.Find(77, [](uint32_t r) { return r == 3; }), std::nullopt);
}

TEST(SerialIndexTest, ForgetsWhatWasErasedAndReusesTheRoom) {
  const base::ReaderGate gate;
  SerialIndex index(gate);
  for (uint32_t i = 0; i < 200'000; ++i) {
    index.Insert(TagOf(i), i);
    if (i >= 100) index.Erase(TagOf(i - 100), i - 100);
  }
  EXPECT_EQ(index.size(), 100u);
  EXPECT_EQ(index.Find(TagOf(5), kAny), std::nullopt);
  EXPECT_EQ(index.Find(TagOf(199'999), kAny), 199'999u);
  EXPECT_LE(index.memory_bytes(), 64u << 10);
}

TEST(SerialIndexTest, IsTheSameInAFile) {
  const base::ReaderGate gate;
  SerialIndex index(gate, std::getenv("TEST_TMPDIR"));
  for (uint32_t i = 0; i < 10'000; ++i) index.Insert(TagOf(i), i);
  index.Erase(TagOf(7), 7);
  EXPECT_EQ(index.size(), 9'999u);
  EXPECT_EQ(index.Find(TagOf(7), [](uint32_t r) { return r == 7; }),
            std::nullopt);
  EXPECT_EQ(index.Find(TagOf(8), [](uint32_t r) { return r == 8; }), 8u);
}

TEST(SerialIndexTest, UsesMemoryWhereNoFileCanBe) {
  const base::ReaderGate gate;
  SerialIndex index(gate, "/nonexistent");
  index.Insert(77, 1);
  EXPECT_EQ(index.Find(77, kAny), 1u);
}

TEST(SerialIndexTest, SeparatesIssuersAndLengths) {
  const std::string serial = SerialOf(1), shorter = serial.substr(0, 15);
  const uint32_t tag = SerialIndex::TagOf(1, 1, base::AsBytes(serial));
  EXPECT_NE(tag, SerialIndex::TagOf(1, 2, base::AsBytes(serial)));
  EXPECT_NE(tag, SerialIndex::TagOf(2, 1, base::AsBytes(serial)));
  EXPECT_NE(tag, SerialIndex::TagOf(1, 1, base::AsBytes(shorter)));
}

TEST(SerialIndexTest, ReadersBesideAWriterMissNothingThatWasThere) {
  const base::ReaderGate gate;
  SerialIndex index(gate);
  constexpr uint32_t kKept = 1000;
  for (uint32_t i = 0; i < kKept; ++i) index.Insert(TagOf(i), i);
  std::atomic<bool> done{false};
  std::vector<std::thread> readers;
  std::atomic<int> missed{0};
  for (int t = 0; t < 2; ++t) {
    readers.emplace_back([&] {
      do {
        for (uint32_t i = 0; i < kKept; ++i) {
          const auto same = [&](uint32_t r) { return r == i; };
          const base::ReaderGate::Reader reader(gate);
          if (index.Find(TagOf(i), same) != i) ++missed;
        }
      } while (!done);
    });
  }
  for (uint32_t i = kKept; i < 50'000; ++i) index.Insert(TagOf(i), i);
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(missed, 0);
}

}  // namespace
}  // namespace chancery::responder
