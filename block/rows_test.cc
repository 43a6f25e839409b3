#include "block/rows.h"

#include <algorithm>
#include <string>

#include "base/bytes.h"
#include "gtest/gtest.h"

namespace chancery::block {
namespace {

std::string SerialAt(const Rows& rows, uint32_t place) {
  return base::ToString(rows.Serial(place));
}

Rows Filled(uint32_t count) {
  Rows rows(/*serial_size=*/4, /*signatures_size=*/3);
  for (uint32_t place = 0; place < count; ++place) {
    rows.AppendEmpty();
    const std::string serial(1 + place % 4, 'a');
    rows.Set(place, RecordStatus::kGood, base::AsBytes(serial));
    std::ranges::fill(rows.MutableSignatures(place),
                      static_cast<char>('0' + place));
  }
  return rows;
}

TEST(RowsTest, ANewRowIsEmpty) {
  Rows rows(17, 64);
  rows.AppendEmpty();
  EXPECT_EQ(rows.count(), 1u);
  EXPECT_EQ(rows.Status(0), RecordStatus::kEmpty);
  EXPECT_TRUE(rows.Serial(0).empty());
  EXPECT_EQ(base::ToString(rows.Signatures(0)), std::string(64, '\0'));
}

TEST(RowsTest, ALongerSerialLeavesTheOthersAsTheyWere) {
  Rows rows = Filled(5);
  const std::string longest(kMaxSerialSize, 'z');
  rows.Set(2, RecordStatus::kRevoked, base::AsBytes(longest));
  EXPECT_EQ(rows.count(), 5u);
  for (uint32_t place = 0; place < 5; ++place) {
    EXPECT_EQ(SerialAt(rows, place),
              place == 2 ? longest : std::string(1 + place % 4, 'a'));
    EXPECT_EQ(rows.Status(place),
              place == 2 ? RecordStatus::kRevoked : RecordStatus::kGood);
    EXPECT_EQ(base::ToString(rows.Signatures(place)),
              std::string(3, static_cast<char>('0' + place)));
  }
}

TEST(RowsTest, AShorterSerialLeavesNothingOfTheOneBefore) {
  Rows rows = Filled(2);
  const std::string two = "bb";
  rows.Set(1, RecordStatus::kGood, base::AsBytes(two));
  rows.Set(1, RecordStatus::kEmpty, {});
  EXPECT_TRUE(rows.Serial(1).empty());
  EXPECT_EQ(SerialAt(rows, 0), "a");
  EXPECT_EQ(base::ToString(rows.Signatures(1)), "111");
}

TEST(RowsTest, AFileHasWhatMemoryHadAndACopyIsItsOwn) {
  Rows rows = Filled(300);
  ASSERT_TRUE(rows.MoveToFile(testing::TempDir()).ok());
  Rows copy = rows;
  copy.MoveToMemory();
  const std::string other = "q";
  copy.Set(7, RecordStatus::kRevoked, base::AsBytes(other));
  EXPECT_EQ(SerialAt(copy, 7), "q");
  const Rows fresh = Filled(300);
  for (uint32_t place = 0; place < 300; ++place) {
    EXPECT_EQ(SerialAt(rows, place), SerialAt(fresh, place));
    EXPECT_EQ(base::ToString(rows.Signatures(place)),
              base::ToString(fresh.Signatures(place)));
  }
}

}  // namespace
}  // namespace chancery::block
