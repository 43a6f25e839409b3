#include "signer/ledger/kv_overlay.h"

#include <map>
#include <random>
#include <string>

#include "base/testing/status_matchers.h"
#include "gtest/gtest.h"
#include "signer/ledger/testing/fake_kv_store.h"

namespace chancery::signer {
namespace {

using ::chancery::base::testing::IsOk;
using Rows = std::map<std::string, std::string>;

Rows ScanAll(const KvReader& reader, const std::string& from,
             const std::string& to, size_t limit = ~size_t{0}) {
  Rows rows;
  EXPECT_THAT(
      reader.Scan(from, to,
                  [&](absl::string_view key, absl::string_view value) {
                    EXPECT_TRUE(rows.empty() || key > rows.rbegin()->first);
                    rows.emplace(key, value);
                    return rows.size() < limit;
                  }),
      IsOk());
  return rows;
}

Rows Range(const Rows& rows, const std::string& from, const std::string& to,
           size_t limit) {
  Rows out;
  for (const auto& [key, value] : rows) {
    if (key < from || (!to.empty() && key >= to)) continue;
    if (out.size() < limit) out.emplace(key, value);
  }
  return out;
}

// Three layers and a plain map get the same random writes.
TEST(KvOverlayTest, ReadsAsIfItsWritesWereStored) {
  std::mt19937 random(1);
  const auto letter = [&random] { return std::string(1, 'a' + random() % 20); };
  for (int round = 0; round < 300; ++round) {
    testing::FakeDisk disk;
    testing::FakeKvStore store(disk);
    KvOverlay lower(store);
    KvOverlay upper(static_cast<const KvReader&>(lower));
    Rows expected;
    WriteBatch stored;
    for (int layer = 0; layer < 3; ++layer) {
      for (int i = 0; i < 8; ++i) {
        const std::string key = letter();
        const std::string value = std::to_string(random());
        const bool gone = random() % 3 == 0;
        gone ? (void)expected.erase(key)
             : (void)expected.insert_or_assign(key, value);
        if (layer == 0) {
          gone ? stored.Delete(key) : stored.Put(key, value);
        } else {
          KvOverlay& overlay = layer == 1 ? lower : upper;
          gone ? overlay.Delete(key) : overlay.Put(key, value);
        }
      }
      if (layer == 0) {
        ASSERT_THAT(store.Write(stored, true), IsOk());
      }
    }
    const auto check = [&](const KvReader& reader) {
      EXPECT_EQ(ScanAll(reader, "", ""), expected);
      const std::string from = letter(), to = letter();
      if (from <= to) {
        const size_t limit = 1 + random() % 5;
        EXPECT_EQ(ScanAll(reader, from, to, limit),
                  from == to ? Rows() : Range(expected, from, to, limit));
      }
      const std::string key = letter();
      const auto found = reader.Get(key);
      ASSERT_THAT(found, IsOk());
      EXPECT_EQ(found->has_value(), expected.count(key) > 0);
    };
    check(upper);
    lower.Absorb(upper);
    EXPECT_TRUE(upper.empty());
    check(lower);
    ASSERT_THAT(store.Write(lower.TakeBatch(), true), IsOk());
    check(store);
  }
}

}  // namespace
}  // namespace chancery::signer
