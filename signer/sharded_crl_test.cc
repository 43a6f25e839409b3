// CRLs of one part of an issuer's certificates each.
#include <cstdint>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/testing/status_matchers.h"
#include "crypto/testing/command.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "signer/testing/crl_signer_fixture.h"
#include "signer/testing/openssl_oracle.h"

namespace chancery::signer {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using testing::OpenSslOracle;

class ShardedCrlTest : public testing::CrlSignerFixture {
 protected:
  ShardedCrlTest() : CrlSignerFixture({.crl_shards = 4}) {}

  std::string UrlOf(uint32_t shard) const {
    return absl::StrCat("http://crl.example.com/crl/issuing/", shard, ".crl");
  }
};

// TRUST 7: "Every certificate has a shard, chosen by the signer; shards add up
// to the full CRL".
TEST_F(ShardedCrlTest, EachRevokedCertificateIsInTheShardThatItNames) {
  std::map<std::string, uint32_t> shard_of;
  for (int i = 0; i < 24; ++i) {
    const auto issued = world_.Issue(absl::StrCat(i));
    ASSERT_THAT(issued, IsOk());
    const uint32_t shard = world_.State(issued->serial).crl_shard;
    shard_of[issued->serial] = shard;
    const std::string text = crypto::testing::Shell(
        "openssl x509 -inform DER -noout -ext crlDistributionPoints -in " +
        crypto::testing::WriteTemp("leaf", issued->certificate));
    EXPECT_THAT(text, ::testing::HasSubstr("URI:" + UrlOf(shard) + "\n"));
    ASSERT_THAT(world_.Revoke(absl::StrCat("revoke ", i), issued->serial, 1),
                IsOk());
  }
  size_t listed = 0;
  for (uint32_t shard = 0; shard < 4; ++shard) {
    const auto made = world_.SignCrl(shard);
    ASSERT_THAT(made, IsOk());
    const OpenSslOracle::Crl crl = world_.openssl.ReadCrl(made->der);
    EXPECT_TRUE(crl.verified);
    EXPECT_GT(crl.entries.size(), 0u);
    listed += crl.entries.size();
    for (const auto& [serial, entry] : crl.entries) {
      EXPECT_EQ(shard_of.at(serial), shard);
    }
    EXPECT_THAT(
        crypto::testing::Shell("openssl crl -inform DER -noout -text -in " +
                               crypto::testing::WriteTemp("shard", made->der)),
        ::testing::AllOf(
            ::testing::HasSubstr("Issuing Distribution Point: critical"),
            ::testing::HasSubstr("URI:" + UrlOf(shard) + "\n")));
  }
  EXPECT_EQ(listed, shard_of.size());
}

// RFC 5280 section 6.3.3 (b)(2): OpenSSL compares the names of CDP and IDP.
TEST_F(ShardedCrlTest, OpenSslTakesNoOtherShardForACertificates) {
  const auto issued = world_.Issue("1");
  ASSERT_THAT(issued, IsOk());
  const uint32_t own = world_.State(issued->serial).crl_shard;
  const std::string leaf =
      crypto::testing::WriteTemp("leaf", issued->certificate);
  const auto verify = [&](uint32_t shard) {
    const std::string crl =
        crypto::testing::WriteTemp("list", world_.SignCrl(shard)->der);
    return crypto::testing::Shell(absl::StrCat(
        "openssl verify -crl_check -extended_crl -attime ",
        absl::ToUnixSeconds(world_.now()), " -CAfile ",
        world_.openssl.ca_file(), " -CRLfile ", crl, " ", leaf, " 2>&1; true"));
  };
  EXPECT_THAT(verify(own), ::testing::HasSubstr("leaf: OK"));
  EXPECT_THAT(verify((own + 1) % 4),
              ::testing::HasSubstr("different CRL scope"));
  ASSERT_THAT(world_.Revoke("2", issued->serial, 1), IsOk());
  EXPECT_THAT(verify(own), ::testing::HasSubstr("certificate revoked"));
}

TEST_F(ShardedCrlTest, NumbersOfShardsGrowOnTheirOwn) {
  const uint64_t first = world_.SignCrl(0)->number;
  EXPECT_GT(world_.SignCrl(1)->number, 0u);
  EXPECT_GT(world_.SignCrl(0)->number, first);
  EXPECT_THAT(world_.SignCrl(4),
              StatusIs(absl::StatusCode::kNotFound, "has 4"));
}

}  // namespace
}  // namespace chancery::signer
