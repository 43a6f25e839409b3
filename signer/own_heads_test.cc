#include "signer/own_heads.h"

#include <cstdint>

#include "absl/time/time.h"
#include "block/head.h"
#include "gtest/gtest.h"

namespace chancery::signer {
namespace {

block::Head HeadAt(int second, uint64_t size = 1) {
  return {.time = absl::FromUnixSeconds(1'000'000 + second),
          .ledger_size = size,
          .reflected_size = size};
}

TEST(OwnHeadsTest, NoneIsOwnBeforeTheFirst) {
  const OwnHeads own;
  EXPECT_FALSE(own.Has(HeadAt(1)));
  EXPECT_EQ(own.newest(), absl::InfinitePast());
}

TEST(OwnHeadsTest, OnlyWhatWasMadeIsOwn) {
  OwnHeads own;
  for (const int second : {10, 30, 20}) own.Add(HeadAt(second));
  for (const int second : {10, 20, 30}) {
    EXPECT_TRUE(own.Has(HeadAt(second))) << second;
  }
  for (const int second : {0, 9, 11, 29, 31}) {
    EXPECT_FALSE(own.Has(HeadAt(second))) << second;
  }
  EXPECT_EQ(own.newest(), HeadAt(30).time);
}

TEST(OwnHeadsTest, SeveralOfOneTimeAreToldApart) {
  OwnHeads own;
  own.Add(HeadAt(10, 1));
  own.Add(HeadAt(10, 2));
  own.Add(HeadAt(10, 2));
  EXPECT_TRUE(own.Has(HeadAt(10, 1)));
  EXPECT_TRUE(own.Has(HeadAt(10, 2)));
  EXPECT_FALSE(own.Has(HeadAt(10, 3)));
  block::Head other = HeadAt(10, 2);
  other.index_hash[31] ^= 1;
  EXPECT_FALSE(own.Has(other));
}

TEST(OwnHeadsTest, NothingUpToOneThatIsForgottenIsAnothers) {
  OwnHeads own(3);
  for (const int second : {10, 20, 30}) own.Add(HeadAt(second));
  EXPECT_FALSE(own.Has(HeadAt(15)));
  own.Add(HeadAt(40));  // 10 is forgotten.
  EXPECT_TRUE(own.Has(HeadAt(5)));
  EXPECT_TRUE(own.Has(HeadAt(10)));
  EXPECT_FALSE(own.Has(HeadAt(15)));
  own.Add(HeadAt(50));  // 20.
  EXPECT_TRUE(own.Has(HeadAt(15)));
  EXPECT_FALSE(own.Has(HeadAt(25)));
  EXPECT_TRUE(own.Has(HeadAt(30)));
  EXPECT_FALSE(own.Has(HeadAt(45)));
  EXPECT_EQ(own.newest(), HeadAt(50).time);
}

TEST(OwnHeadsTest, KeepsAsManyAsAreMadeInTenMinutes) {
  OwnHeads own;
  for (int i = 0; i < 6020; ++i) own.Add(HeadAt(2 * i));
  EXPECT_FALSE(own.Has(HeadAt(1)));
  EXPECT_FALSE(own.Has(HeadAt(12001)));
  EXPECT_TRUE(own.Has(HeadAt(12000)));
}

}  // namespace
}  // namespace chancery::signer
