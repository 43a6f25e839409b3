#include "signer/crl_shard.h"

#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace chancery::signer {
namespace {

Issuer WithShards(uint32_t shards) {
  Issuer issuer;
  issuer.name = "web";
  issuer.crl_shards = shards;
  issuer.crl_url = shards == 1 ? "http://c.example/crl/web.crl"
                               : "http://c.example/crl/web/{shard}.crl";
  return issuer;
}

TEST(CrlUrlTest, HasTheShardsNumber) {
  EXPECT_EQ(CrlUrl(WithShards(1), 0), "http://c.example/crl/web.crl");
  EXPECT_EQ(CrlUrl(WithShards(200), 17), "http://c.example/crl/web/17.crl");
  Issuer none = WithShards(1);
  none.crl_url.clear();
  EXPECT_EQ(CrlUrl(none, 0), "");
}

TEST(DeltaCrlUrlTest, IsBesideTheFullCrls) {
  Issuer issuer = WithShards(200);
  EXPECT_EQ(DeltaCrlUrl(issuer, 17), "");
  issuer.delta_crl_interval = absl::Hours(1);
  EXPECT_EQ(DeltaCrlUrl(issuer, 17), "http://c.example/crl/web/17-delta.crl");
  issuer = WithShards(1);
  issuer.delta_crl_interval = absl::Hours(1);
  EXPECT_EQ(DeltaCrlUrl(issuer, 0), "http://c.example/crl/web/delta.crl");
}

// SHA-256("") begins e3b0c44298fc1c14, SHA-256("abc") ba7816bf8f01cfea.
TEST(ShardForSerialTest, IsTheHashModuloTheShards) {
  const Issuer issuer = WithShards(4096);
  EXPECT_EQ(ShardForSerial(issuer, ""), 0xc14u);
  EXPECT_EQ(ShardForSerial(issuer, "abc"), 0xfeau);
  EXPECT_EQ(ShardForSerial(WithShards(1), "abc"), 0u);
}

TEST(ShardForSerialTest, ShardsGrowAlike) {
  const Issuer issuer = WithShards(10);
  std::map<uint32_t, int> sizes;
  for (int i = 0; i < 10'000; ++i) {
    ++sizes[ShardForSerial(issuer, absl::StrCat("serial ", i))];
  }
  ASSERT_EQ(sizes.size(), 10u);
  for (const auto& [shard, size] : sizes) {
    EXPECT_GT(size, 850) << shard;
    EXPECT_LT(size, 1150) << shard;
  }
}

TEST(ShardForImportTest, IsTheOneThatTheCertificateNames) {
  const Issuer issuer = WithShards(64);
  x509::CertificateFacts facts;
  facts.serial = "abc";
  const uint32_t hashed = ShardForSerial(issuer, facts.serial);
  EXPECT_EQ(ShardForImport(issuer, facts), hashed);
  facts.extensions.crl_urls = {"http://elsewhere.example/a.crl",
                               "http://c.example/crl/web/5.crl"};
  EXPECT_EQ(ShardForImport(issuer, facts), 5u);
  facts.extensions.crl_urls = {"http://c.example/crl/web/64.crl"};
  EXPECT_EQ(ShardForImport(issuer, facts), hashed);
}

}  // namespace
}  // namespace chancery::signer
