#include "signer/revocation_batches.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chancery::signer {
namespace {

using ::testing::ElementsAre;

// Members of blocks, as many of each as said, in no order.
std::vector<BlockMember> Members(const std::map<std::string, size_t>& sizes) {
  std::vector<BlockMember> out;
  for (const auto& [block, size] : sizes) {
    for (size_t i = 0; i < size; ++i) {
      out.push_back({.serial = absl::StrCat(block, " ", i),
                     .block_id = block,
                     .place = static_cast<uint32_t>(i)});
    }
  }
  std::reverse(out.begin(), out.end());
  return out;
}

// Each batch as "<members> <signed blocks>"; and nothing is lost or doubled.
std::vector<std::string> Divide(const std::map<std::string, size_t>& sizes) {
  RevocationBatches batches(Members(sizes), 100, 20);
  std::vector<std::string> out;
  std::set<std::string> seen;
  while (const auto batch = batches.Next()) {
    for (const BlockMember& member : batch->members) {
      EXPECT_TRUE(seen.insert(member.serial).second) << member.serial;
    }
    std::string text = absl::StrCat(batch->members.size());
    for (const std::string& block : batch->sign) {
      absl::StrAppend(&text, " ", block);
    }
    out.push_back(text);
  }
  size_t total = 0;
  for (const auto& [block, size] : sizes) total += size;
  EXPECT_EQ(seen.size(), total);
  EXPECT_FALSE(batches.Next().has_value());
  return out;
}

TEST(RevocationBatchesTest, SmallBlocksShareATransaction) {
  EXPECT_THAT(Divide({}), ElementsAre());
  EXPECT_THAT(Divide({{"a", 1}}), ElementsAre("1 a"));
  EXPECT_THAT(Divide({{"a", 20}, {"b", 7}, {"c", 20}}),
              ElementsAre("47 a b c"));
  EXPECT_THAT(Divide({{"a", 20},
                      {"b", 20},
                      {"c", 20},
                      {"d", 20},
                      {"e", 19},
                      {"f", 2},
                      {"g", 1}}),
              ElementsAre("99 a b c d e", "3 f g"));
}

TEST(RevocationBatchesTest, ABlockGetsSeveralDeltasOneAfterTheOther) {
  EXPECT_THAT(Divide({{"a", 50}}), ElementsAre("20 a", "20 a", "10 a"));
  EXPECT_THAT(Divide({{"a", 80}, {"b", 21}}),
              ElementsAre("40 a b", "21 a b", "20 a", "20 a"));
}

TEST(RevocationBatchesTest, AboveThatItIsSignedWholeAndOnce) {
  EXPECT_THAT(Divide({{"a", 81}}), ElementsAre("81 a"));
  EXPECT_THAT(Divide({{"a", 250}, {"b", 3}}),
              ElementsAre("100", "100", "53 a b"));
}

}  // namespace
}  // namespace chancery::signer
