#include "responder/cache/crl_scope.h"

#include <string>

#include "gtest/gtest.h"

namespace chancery::responder {
namespace {

CrlScope Scope(uint32_t shard, bool is_delta) {
  CrlScope scope{.shard = shard, .is_delta = is_delta};
  scope.issuer.fill(0xa5);
  return scope;
}

std::string Issuer() {
  std::string hex;
  for (int i = 0; i < 32; ++i) hex += "a5";
  return hex;
}

TEST(CrlFileStemTest, NamesEachScopeOnce) {
  EXPECT_EQ(CrlFileStem(Scope(0, false)), Issuer());
  EXPECT_EQ(CrlFileStem(Scope(0, true)), Issuer() + "-delta");
  EXPECT_EQ(CrlFileStem(Scope(12, false)), Issuer() + "-12");
  EXPECT_EQ(CrlFileStem(Scope(12, true)), Issuer() + "-12-delta");
  for (const CrlScope& scope :
       {Scope(0, false), Scope(0, true), Scope(12, false), Scope(12, true)}) {
    EXPECT_EQ(ParseCrlFileStem(CrlFileStem(scope)), scope);
  }
}

TEST(CrlFileStemTest, KnowsWhatIsNoneOfIts) {
  for (const std::string& stem :
       {std::string(), std::string("a5"), Issuer() + "-", Issuer() + "-0",
        Issuer() + "-012", Issuer() + "-1-", Issuer() + "-1-delta-delta",
        Issuer() + "-99999999999", Issuer() + "1", Issuer().substr(2) + "zz"}) {
    EXPECT_EQ(ParseCrlFileStem(stem), std::nullopt) << stem;
  }
}

TEST(CrlPathTest, TellsShardsFromTheWhole) {
  EXPECT_EQ(CrlPath("web", Scope(0, false), false), "web");
  EXPECT_EQ(CrlPath("web", Scope(0, true), false), "web/delta");
  EXPECT_EQ(CrlPath("web", Scope(0, false), true), "web/0");
  EXPECT_EQ(CrlPath("web", Scope(7, true), true), "web/7-delta");
}

}  // namespace
}  // namespace chancery::responder
