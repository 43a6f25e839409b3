#include "merkle/tree.h"

#include <string>
#include <vector>

#include "base/encoding.h"
#include "gtest/gtest.h"

namespace chancery::merkle {
namespace {

// The test tree of Google's certificate-transparency (RFC 6962 reference): the
// eight entries and the roots of its first n leaves.
const char* const kEntries[] = {"",
                                "00",
                                "10",
                                "2021",
                                "3031",
                                "40414243",
                                "5051525354555657",
                                "606162636465666768696a6b6c6d6e6f"};
const char* const kRoots[] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

std::vector<Hash> Leaves(size_t count) {
  std::vector<Hash> leaves;
  for (size_t i = 0; i < count; ++i) {
    const std::string entry = *base::FromHex(kEntries[i]);
    leaves.push_back(LeafHash(base::AsBytes(entry)));
  }
  return leaves;
}

TEST(TreeTest, AgreesWithTheReferenceTree) {
  Frontier frontier;
  for (size_t size = 0; size <= 8; ++size) {
    EXPECT_EQ(base::Hex(RootOf(Leaves(size))), kRoots[size]);
    EXPECT_EQ(base::Hex(frontier.Root()), kRoots[size]);
    EXPECT_EQ(frontier.size(), size);
    if (size < 8) frontier.Append(Leaves(8)[size]);
  }
}

TEST(TreeTest, AStateGoesOnWhereItWasWritten) {
  Frontier frontier;
  for (uint64_t size = 0; size < 300; ++size) {
    const std::string encoded = frontier.Encode();
    const auto again = Frontier::Parse(base::AsBytes(encoded));
    ASSERT_TRUE(again.ok()) << size;
    EXPECT_EQ(again->Root(), frontier.Root());
    EXPECT_EQ(again->size(), size);
    Hash leaf{};
    leaf[0] = static_cast<uint8_t>(size);
    frontier.Append(leaf);
  }
}

TEST(TreeTest, RefusesAStateOfAnotherLength) {
  Frontier frontier;
  frontier.Append(Leaves(1)[0]);
  std::string encoded = frontier.Encode();
  const std::string shorter = encoded.substr(0, encoded.size() - 1),
                    longer = encoded + "x";
  EXPECT_FALSE(Frontier::Parse(base::AsBytes(shorter)).ok());
  EXPECT_FALSE(Frontier::Parse(base::AsBytes(longer)).ok());
}

}  // namespace
}  // namespace chancery::merkle
