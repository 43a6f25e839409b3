#include "signer/crl_signer.h"

#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/testing/fake_clock.h"
#include "base/testing/status_matchers.h"
#include "crypto/testing/command.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "signer/ledger/testing/fake_kv_store.h"
#include "signer/testing/crl_signer_fixture.h"
#include "signer/testing/openssl_oracle.h"
#include "signer/testing/test_pki.h"
#include "signer/testing/test_signer.h"

namespace chancery::signer {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using testing::FakeDisk;
using ::testing::Not;
using testing::OpenSslOracle;
using testing::TestPki;
using testing::TestSigner;

class CrlSignerTest : public testing::CrlSignerFixture {};

// TRUST 2.7: "every revoked, not yet removable certificate of its shard".
TEST_F(CrlSignerTest, HoldsWhatIsRevokedAndNothingElse) {
  EXPECT_TRUE(Next().entries.empty());
  std::map<std::string, std::string> revoked;
  for (int i = 0; i < 5; ++i) {
    ASSERT_THAT(world_.Issue(absl::StrCat("good ", i)), IsOk());
    revoked[Revoked(4)] = "Superseded";
    revoked[Revoked(6)] = "Certificate Hold";
  }
  OpenSslOracle::Crl crl = Next();
  ASSERT_EQ(crl.entries.size(), revoked.size());
  for (const auto& [serial, reason] : revoked) {
    EXPECT_EQ(crl.entries[serial].reason, reason);
    EXPECT_EQ(crl.entries[serial].revoked_at, world_.State(serial).revoked_at);
  }
  EXPECT_EQ(crl.issuer, "O = Test, CN = Test CA issuing");
  // As soon as one is released or revoked, the next CRL says so.
  const std::string released = Revoked(6);
  EXPECT_EQ(Next().entries.count(released), 1u);
  ASSERT_THAT(world_.Release("release", released), IsOk());
  EXPECT_EQ(Next().entries.count(released), 0u);
}

// TRUST 2.8 and 3: thisUpdate a second later each time, numbers only grow.
TEST_F(CrlSignerTest, EachIsYoungerAndHasAHigherNumber) {
  OpenSslOracle::Crl before = Next();
  for (int i = 0; i < 5; ++i) {
    if (i == 3) {
      ASSERT_THAT(world_.PowerCut(), IsOk());
    }
    const OpenSslOracle::Crl next = Next();
    EXPECT_GT(next.number, before.number);
    EXPECT_GE(next.this_update, before.this_update + absl::Seconds(1));
    EXPECT_LE(next.this_update, world_.now());
    EXPECT_EQ(next.next_update,
              next.this_update + absl::Hours(168) - absl::Seconds(1));
    before = next;
  }
}

// TRUST 5: a clock that stepped back would make numbers and dates step back.
TEST_F(CrlSignerTest, RefusesWhileTheClockIsBehind) {
  const OpenSslOracle::Crl before = Next();
  for (const absl::Duration step : {absl::Seconds(2), absl::Hours(24 * 400)}) {
    world_.clock.Advance(-step);
    EXPECT_THAT(world_.SignCrl(),
                StatusIs(absl::StatusCode::kFailedPrecondition, "clock"));
    world_.signer.Kill();
    ASSERT_THAT(world_.signer.Start(), IsOk());
    EXPECT_THAT(world_.SignCrl(),
                StatusIs(absl::StatusCode::kFailedPrecondition, "clock"));
    world_.clock.Advance(step);
  }
  EXPECT_GT(Next().number, before.number);
}

// A step back of less than the second that is recorded is waited for.
TEST_F(CrlSignerTest, ASmallStepBackCostsNoNumber) {
  world_.clock.Advance(absl::Milliseconds(900));
  const OpenSslOracle::Crl before = Next();
  world_.clock.Advance(-absl::Milliseconds(500));
  const OpenSslOracle::Crl next = Next();
  EXPECT_GT(next.number, before.number);
  EXPECT_GE(next.this_update, before.this_update + absl::Seconds(1));
}

// TRUST 5: and a clock far ahead waits for an operator.
TEST_F(CrlSignerTest, RefusesAClockThatIsFarAhead) {
  Revoked();
  world_.clock.Advance(absl::Hours(24 * 31));
  EXPECT_THAT(world_.SignCrl(),
              StatusIs(absl::StatusCode::kFailedPrecondition, "clock"));
}

class ShortLivedCrlTest : public testing::CrlSignerFixture {
 protected:
  ShortLivedCrlTest() : CrlSignerFixture({.leaf_validity = absl::Hours(24)}) {}
};

// TRUST 7: "An entry leaves after a scheduled CRL with thisUpdate past
// notAfter"; RFC 5280 section 3.3: it stays until it was on one such CRL.
TEST_F(ShortLivedCrlTest, ARevokedCertificateStaysForOneCrlAfterItsEnd) {
  const std::string serial = Revoked();
  EXPECT_EQ(Next().entries.count(serial), 1u);
  const absl::Time end = world_.State(serial).not_after;
  world_.clock.Advance(end - world_.now() - absl::Seconds(5));
  EXPECT_EQ(Next().entries.count(serial), 1u);
  world_.clock.Advance(absl::Hours(1));
  const OpenSslOracle::Crl past = Next();
  EXPECT_GT(past.this_update, end);
  EXPECT_EQ(past.entries.count(serial), 1u);
  int more = 0;
  while (Next().entries.count(serial) > 0) ASSERT_LT(++more, 5);
  EXPECT_EQ(Next().entries.count(serial), 0u);
}

// However late the first CRL after its revocation is made.
TEST_F(ShortLivedCrlTest, OneThatNoCrlNamedYetIsNamedAfterItsEnd) {
  const std::string serial = Revoked();
  world_.clock.Advance(absl::Hours(24 * 20));
  EXPECT_EQ(Next().entries.count(serial), 1u);
}

class BrCrlTest : public testing::CrlSignerFixture {
 protected:
  static TestPki::Options TooLong(absl::Duration validity) {
    return {.crl_validity = validity, .policy = RevocationPolicy::kBr};
  }
  BrCrlTest() : CrlSignerFixture(TooLong(absl::Hours(241))) {}
};

// TRUST 2.5: the lints run on what was made, whatever the configuration says.
TEST_F(BrCrlTest, NoCrlLivesTenDays) {
  EXPECT_THAT(world_.SignCrl(), StatusIs(absl::StatusCode::kInternal, "7.2"));
  EXPECT_EQ(world_.signer.ledger().Head().size, 0u);
}

class TenDayCrlTest : public testing::CrlSignerFixture {
 protected:
  TenDayCrlTest()
      : CrlSignerFixture({.crl_validity = absl::Hours(240),
                          .policy = RevocationPolicy::kBr}) {}
};

TEST_F(TenDayCrlTest, TenDaysLessASecondAreAllowed) {
  const OpenSslOracle::Crl crl = Next();
  EXPECT_EQ(crl.next_update - crl.this_update,
            absl::Hours(240) - absl::Seconds(1));
}

// TRUST 2.5: the issuer's lints look at a CRL of the same facts before its key
// signs.
TEST(CrlLintsTest, ALintOfTheIssuerRefuses) {
  const TestPki pki({.crl_validity = absl::Hours(241)});
  Issuer issuer = pki.issuer();
  ASSERT_THAT(issuer.lints.Add("br", policy::lints::Severity::kWarning),
              IsOk());
  FakeDisk disk;
  base::testing::FakeClock clock(TestPki::Options().now);
  {
    TestSigner signer({issuer}, *pki.manifest_key(), disk, clock);
    ASSERT_THAT(signer.Start(), IsOk());
    EXPECT_THAT(signer.SignCrl({.issuer = "issuing"}),
                StatusIs(absl::StatusCode::kInternal,
                         "lint br_crl_validity_of_subscribers"));
    EXPECT_EQ(signer.ledger().Head().size, 0u);
  }
  ASSERT_THAT(issuer.lints.Except("br_crl_validity_of_subscribers"), IsOk());
  TestSigner signer({issuer}, *pki.manifest_key(), disk, clock);
  ASSERT_THAT(signer.Start(), IsOk());
  EXPECT_THAT(signer.SignCrl({.issuer = "issuing"}), IsOk());
}

// TRUST 2.10: "Every nextUpdate ends before the notAfter of the certificate
// whose key signed". The test's CA has ten years; this one is told it has
// hours.
TEST(CrlSignerEndTest, NoCrlOutlivesTheCa) {
  const TestPki pki;
  Issuer issuer = pki.issuer();
  issuer.not_after = TestPki::Options().now + absl::Hours(5);
  FakeDisk disk;
  base::testing::FakeClock clock(TestPki::Options().now);
  TestSigner signer({issuer}, *pki.manifest_key(), disk, clock);
  ASSERT_THAT(signer.Start(), IsOk());
  const OpenSslOracle openssl(issuer);
  const auto crl = signer.SignCrl({.issuer = "issuing"});
  ASSERT_THAT(crl, IsOk());
  EXPECT_LE(openssl.ReadCrl(crl->der).next_update, issuer.not_after);
  clock.Advance(absl::Hours(5));
  EXPECT_THAT(signer.SignCrl({.issuer = "issuing"}), Not(IsOk()));
}

// TRUST 2.5: a CRL that the CA's key did not sign does not leave.
TEST(CrlSignerKeyTest, AnotherKeysSignatureIsNoticed) {
  const TestPki pki;
  Issuer issuer = pki.issuer();
  issuer.key = issuer.rehearsal_key;
  FakeDisk disk;
  base::testing::FakeClock clock(TestPki::Options().now);
  TestSigner signer({issuer}, *pki.manifest_key(), disk, clock);
  ASSERT_THAT(signer.Start(), IsOk());
  EXPECT_THAT(signer.SignCrl({.issuer = "issuing"}),
              StatusIs(absl::StatusCode::kInternal, "signature"));
  EXPECT_EQ(disk.writes(), 0u);
}

TEST_F(CrlSignerTest, RefusesScopesThatDoNotExist) {
  EXPECT_THAT(world_.signer.SignCrl({.issuer = "issuing", .shard = 1}),
              StatusIs(absl::StatusCode::kNotFound, "shard"));
  EXPECT_THAT(world_.signer.SignCrl({.issuer = "other"}),
              StatusIs(absl::StatusCode::kNotFound, "other"));
}

// Refreshers that share an inventory ask for the same.
TEST_F(CrlSignerTest, WhatSomebodyLacksIsNotSignedTwice) {
  const uint64_t size = world_.signer.ledger().Head().size;
  const auto first =
      world_.signer.SignCrl({.issuer = "issuing", .have_number = 0});
  const auto second =
      world_.signer.SignCrl({.issuer = "issuing", .have_number = 0});
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(second->der, first->der);
  EXPECT_EQ(world_.signer.ledger().Head().size, size + 1);
  const auto third = world_.signer.SignCrl(
      {.issuer = "issuing", .have_number = first->number});
  EXPECT_GT(third->number, first->number);
}

// The headers before the entries have another length each time the size passes
// 127, 255 and 65,535 octets; an ECDSA signature may be in between.
TEST_F(CrlSignerTest, EverySizeIsRight) {
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(Next().entries.size(), static_cast<size_t>(i));
    Revoked(i % 2 == 0 ? 0 : 1);
  }
}

// A client that trusts this CA and reads this CRL.
TEST_F(CrlSignerTest, OpenSslRefusesTheCertificateByIt) {
  const auto issued = world_.Issue("1");
  ASSERT_THAT(issued, IsOk());
  const std::string leaf =
      crypto::testing::WriteTemp("leaf", issued->certificate);
  const auto verifies = [&] {
    const std::string crl =
        crypto::testing::WriteTemp("list", world_.SignCrl()->der);
    return crypto::testing::Succeeds(absl::StrCat(
        "openssl verify -crl_check -attime ", absl::ToUnixSeconds(world_.now()),
        " -CAfile ", world_.openssl.ca_file(), " -CRLfile ", crl, " ", leaf));
  };
  EXPECT_TRUE(verifies());
  ASSERT_THAT(world_.Revoke("2", issued->serial, 1), IsOk());
  EXPECT_FALSE(verifies());
}

}  // namespace
}  // namespace chancery::signer
