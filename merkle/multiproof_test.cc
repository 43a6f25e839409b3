#include "merkle/multiproof.h"

#include <random>
#include <set>
#include <vector>

#include "gtest/gtest.h"

namespace chancery::merkle {
namespace {

Hash Numbered(uint32_t number) {
  Hash hash{};
  for (int i = 0; i < 4; ++i) hash[i] = static_cast<uint8_t>(number >> (8 * i));
  return hash;
}

TEST(MultiproofTest, APerfectTreeHasTheRootOfRfc6962) {
  for (uint32_t capacity : {1u, 2u, 8u, 64u}) {
    PerfectTree tree(capacity, Numbered(99));
    std::vector<Hash> leaves(capacity, Numbered(99));
    EXPECT_EQ(tree.root(), RootOf(leaves));
    for (uint32_t i = 0; i < capacity; i += 3) {
      leaves[i] = Numbered(i);
      tree.Set(i, leaves[i]);
      EXPECT_EQ(tree.root(), RootOf(leaves));
    }
    PerfectTree again(capacity, Numbered(99));
    again.SetAll(leaves);
    EXPECT_EQ(again.root(), tree.root());
  }
}

TEST(MultiproofTest, ProvesAnySetOfChangesAndNoOther) {
  std::mt19937 random(1);
  constexpr uint32_t kCapacity = 32;
  PerfectTree tree(kCapacity, Numbered(1000));
  for (int round = 0; round < 500; ++round) {
    std::set<uint32_t> chosen;
    for (uint32_t n = 1 + random() % kCapacity; n > 0; --n)
      chosen.insert(random() % kCapacity);
    const std::vector<uint32_t> positions(chosen.begin(), chosen.end());
    std::vector<Hash> before, after;
    for (uint32_t position : positions) before.push_back(tree.leaf(position));
    const Hash old_root = tree.root();
    std::vector<Hash> proof = tree.Prove(positions);
    for (uint32_t position : positions) {
      after.push_back(Numbered(random()));
      tree.Set(position, after.back());
    }
    EXPECT_EQ(*RootFromMultiproof(kCapacity, positions, before, proof),
              old_root);
    EXPECT_EQ(*RootFromMultiproof(kCapacity, positions, after, proof),
              tree.root());
    if (!proof.empty()) {
      proof.back()[5] ^= 1;
      EXPECT_NE(*RootFromMultiproof(kCapacity, positions, before, proof),
                old_root);
      proof.pop_back();
      EXPECT_FALSE(
          RootFromMultiproof(kCapacity, positions, before, proof).ok());
    }
    proof = tree.Prove(positions);
    proof.push_back(Numbered(1));
    EXPECT_FALSE(RootFromMultiproof(kCapacity, positions, after, proof).ok());
  }
}

TEST(MultiproofTest, RefusesPositionsThatAreNotOnes) {
  const std::vector<Hash> two = {Numbered(1), Numbered(2)};
  for (const std::vector<uint32_t>& positions :
       {std::vector<uint32_t>{1, 1}, {2, 1}, {0, 8}}) {
    EXPECT_FALSE(RootFromMultiproof(8, positions, two, {}).ok());
  }
  EXPECT_FALSE(RootFromMultiproof(8, {}, {}, {}).ok());
}

}  // namespace
}  // namespace chancery::merkle
