// CRLs that say what changed since a full one.
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/testing/status_matchers.h"
#include "crypto/testing/command.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ledger/entry.h"
#include "signer/testing/crl_signer_fixture.h"
#include "signer/testing/openssl_oracle.h"
#include "signer/testing/test_signer.h"

namespace chancery::signer {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using ::testing::HasSubstr;
using testing::OpenSslOracle;

class DeltaCrlTest : public testing::CrlSignerFixture {
 protected:
  DeltaCrlTest()
      : CrlSignerFixture(
            {.crl_shards = 2, .delta_crl_interval = absl::Minutes(60)}) {}

  // Revoked or held, in shard 0.
  std::string InShard0(int reason) {
    while (true) {
      const auto issued = world_.Issue(absl::StrCat("issue ", ++requests_));
      EXPECT_THAT(issued, IsOk());
      if (world_.State(issued->serial).crl_shard != 0) continue;
      leaves_[issued->serial] = issued->certificate;
      EXPECT_THAT(world_.Revoke(absl::StrCat("revoke ", requests_),
                                issued->serial, reason),
                  IsOk());
      return issued->serial;
    }
  }
  absl::StatusOr<testing::WholeCrl> Full() { return world_.SignCrl(0); }
  absl::StatusOr<testing::WholeCrl> Delta() {
    return world_.SignCrl(0, ledger::CrlKind::kDelta);
  }
  // What OpenSSL, which knows deltas, makes of the certificate.
  std::string Verify(const std::string& serial, const std::string& full,
                     const std::string& delta) {
    const std::string pem = crypto::testing::WriteTemp(
        "both.pem", crypto::testing::Shell(absl::StrCat(
                        "for f in ", crypto::testing::WriteTemp("full", full),
                        " ", crypto::testing::WriteTemp("delta", delta),
                        "; do openssl crl -inform DER -in $f; done")));
    return crypto::testing::Shell(absl::StrCat(
        "openssl verify -crl_check -extended_crl -use_deltas -attime ",
        absl::ToUnixSeconds(world_.now()), " -CAfile ",
        world_.openssl.ca_file(), " -CRLfile ", pem, " ",
        crypto::testing::WriteTemp("leaf", leaves_.at(serial)), " 2>&1; true"));
  }

  std::map<std::string, std::string> leaves_;
};

TEST_F(DeltaCrlTest, SaysWhatChangedSinceTheFullOne) {
  EXPECT_THAT(Delta(), StatusIs(absl::StatusCode::kFailedPrecondition, "full"));
  const std::string before = InShard0(1);
  const std::string held = InShard0(6);
  const auto full = Full();
  ASSERT_THAT(full, IsOk());
  const std::string after = InShard0(4);
  const std::string passing = InShard0(6);
  ASSERT_THAT(world_.Release("r1", held), IsOk());
  ASSERT_THAT(world_.Release("r2", passing), IsOk());
  const auto delta = Delta();
  ASSERT_THAT(delta, IsOk());
  EXPECT_EQ(delta->base_number, full->number);
  EXPECT_GT(delta->number, full->number);
  OpenSslOracle::Crl said = world_.openssl.ReadCrl(delta->der);
  EXPECT_TRUE(said.verified);
  EXPECT_EQ(said.next_update,
            said.this_update + absl::Minutes(60) - absl::Seconds(1));
  EXPECT_EQ(said.entries.size(), 3u);
  EXPECT_EQ(said.entries[after].reason, "Superseded");
  EXPECT_EQ(said.entries[held].reason, "Remove From CRL");
  EXPECT_EQ(said.entries[passing].reason, "Remove From CRL");
  // One sequence of numbers.
  const auto next = Full();
  EXPECT_GT(next->number, delta->number);
  // As a client that has the old full one sees it.
  EXPECT_THAT(Verify(before, full->der, delta->der),
              HasSubstr("certificate revoked"));
  EXPECT_THAT(Verify(after, full->der, delta->der),
              HasSubstr("certificate revoked"));
  EXPECT_THAT(Verify(held, full->der, delta->der), HasSubstr("leaf: OK"));
}

// Full ones are made whenever something changed; who has an older one can go on
// with the deltas until it is due to be replaced.
TEST_F(DeltaCrlTest, TheBaseStaysForHalfOfItsValidity) {
  const auto base = Full();
  const std::string first = InShard0(1);
  ASSERT_THAT(Full(), IsOk());
  auto delta = Delta();
  ASSERT_THAT(delta, IsOk());
  EXPECT_EQ(delta->base_number, base->number);
  EXPECT_EQ(world_.openssl.ReadCrl(delta->der).entries.count(first), 1u);
  world_.clock.Advance(absl::Hours(84));
  const auto scheduled = Full();
  delta = Delta();
  ASSERT_THAT(delta, IsOk());
  EXPECT_EQ(delta->base_number, scheduled->number);
  EXPECT_EQ(delta->entries, 0u);
}

TEST_F(DeltaCrlTest, AHoldThatComesBackIsNotTakenOff) {
  const std::string held = InShard0(6);
  ASSERT_THAT(Full(), IsOk());
  ASSERT_THAT(world_.Release("r", held), IsOk());
  ASSERT_THAT(world_.Revoke("again", held, 1), IsOk());
  const auto delta = Delta();
  ASSERT_THAT(delta, IsOk());
  OpenSslOracle::Crl said = world_.openssl.ReadCrl(delta->der);
  EXPECT_EQ(said.entries.size(), 1u);
  EXPECT_EQ(said.entries[held].reason, "Key Compromise");
}

class NoDeltaCrlTest : public testing::CrlSignerFixture {};

TEST_F(NoDeltaCrlTest, AnIssuerWithoutDeltasMakesNone) {
  ASSERT_THAT(world_.SignCrl(), IsOk());
  EXPECT_THAT(
      world_.SignCrl(0, ledger::CrlKind::kDelta),
      StatusIs(absl::StatusCode::kFailedPrecondition, "delta_crl_minutes"));
}

}  // namespace
}  // namespace chancery::signer
