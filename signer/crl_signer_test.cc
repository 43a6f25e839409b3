#include "signer/crl_signer.h"

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/testing/status_matchers.h"
#include "crypto/testing/command.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "signer/testing/signer_world.h"

namespace chancery::signer {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using testing::FakeDisk;
using ::testing::Not;
using testing::OpenSslOracle;
using testing::SignerWorld;
using testing::TestPki;
using testing::TestSigner;

class CrlSignerTest : public ::testing::Test {
 protected:
  explicit CrlSignerTest(const TestPki::Options& options = {})
      : world_(options) {}

  // A new certificate, revoked.
  std::string Revoked(int reason = 4) {
    const auto issued = world_.Issue(absl::StrCat("issue ", ++requests_));
    EXPECT_THAT(issued, IsOk());
    EXPECT_THAT(world_.Revoke(absl::StrCat("revoke ", requests_),
                              issued->serial, reason),
                IsOk());
    return issued->serial;
  }

  // The next CRL, as OpenSSL reads it and as the reply describes it.
  OpenSslOracle::Crl Next() {
    const auto made = world_.SignCrl();
    EXPECT_THAT(made, IsOk());
    const OpenSslOracle::Crl crl = world_.openssl.ReadCrl(made->der);
    EXPECT_TRUE(crl.verified);
    EXPECT_EQ(crl.number, made->number);
    EXPECT_EQ(crl.this_update, made->this_update);
    EXPECT_EQ(crl.next_update, made->next_update);
    EXPECT_EQ(crl.entries.size(), made->entries);
    return crl;
  }

  SignerWorld world_;
  int requests_ = 0;
};

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

class ShortLivedCrlTest : public CrlSignerTest {
 protected:
  ShortLivedCrlTest() : CrlSignerTest({.leaf_validity = absl::Hours(24)}) {}
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

class BrCrlTest : public CrlSignerTest {
 protected:
  static TestPki::Options TooLong(absl::Duration validity) {
    return {.crl_validity = validity, .policy = RevocationPolicy::kBr};
  }
  BrCrlTest() : CrlSignerTest(TooLong(absl::Hours(241))) {}
};

// TRUST 2.5: the lints run on what was made, whatever the configuration says.
TEST_F(BrCrlTest, NoCrlLivesTenDays) {
  EXPECT_THAT(world_.SignCrl(), StatusIs(absl::StatusCode::kInternal, "7.2"));
  EXPECT_EQ(world_.signer.ledger().Head().size, 0u);
}

class TenDayCrlTest : public CrlSignerTest {
 protected:
  TenDayCrlTest()
      : CrlSignerTest({.crl_validity = absl::Hours(240),
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

class ShardedCrlTest : public CrlSignerTest {
 protected:
  ShardedCrlTest() : CrlSignerTest({.crl_shards = 4}) {}

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

TEST_F(CrlSignerTest, RefusesScopesThatDoNotExist) {
  EXPECT_THAT(world_.signer.SignCrl({.issuer = "issuing", .shard = 1}),
              StatusIs(absl::StatusCode::kNotFound, "shard"));
  EXPECT_THAT(world_.signer.SignCrl({.issuer = "other"}),
              StatusIs(absl::StatusCode::kNotFound, "other"));
}

// TRUST 3: it is in the ledger, and its bytes on the disk, before it leaves.
TEST_F(CrlSignerTest, AStartAfterACrashHasTheBytesThatLeft) {
  Revoked();
  const auto crl = world_.SignCrl();
  ASSERT_THAT(crl, IsOk());
  ASSERT_THAT(world_.PowerCut(), IsOk());
  const auto again = world_.signer.SignCrl(
      {.issuer = "issuing", .have_number = crl->number - 1});
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->der, crl->der);
  EXPECT_EQ(again->number, crl->number);
  EXPECT_EQ(again->this_update, crl->this_update);
  EXPECT_EQ(again->next_update, crl->next_update);
  EXPECT_EQ(again->refresh_at, crl->refresh_at);
  EXPECT_EQ(again->entries, 1u);
  EXPECT_EQ(again->ledger_size, crl->ledger_size);
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

std::vector<std::string> FilesIn(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.push_back(entry.path().filename());
  }
  return names;
}

// What a crash at each step leaves: the copy of disk and folder at that moment.
TEST_F(CrlSignerTest, ACrashAtAnyStepLeavesAWholeCrlAndNothingElse) {
  struct Left {
    std::string step;
    FakeDisk::Rows rows;
    std::string folder;
  };
  Revoked();
  ASSERT_THAT(world_.SignCrl(), IsOk());
  std::vector<Left> left;
  world_.signer.set_after_crl_step([&](const char* step) {
    const std::string folder =
        crypto::testing::TempPath(absl::StrCat("left-", step));
    std::filesystem::remove_all(folder);
    std::filesystem::copy(world_.signer.crl_folder(), folder);
    left.push_back({step, world_.disk.durable(), folder});
  });
  ASSERT_THAT(world_.PowerCut(), IsOk());
  const std::string revoked = Revoked();
  const auto made = world_.SignCrl();
  ASSERT_THAT(made, IsOk());
  ASSERT_EQ(left.size(), 4u);
  EXPECT_EQ(FilesIn(world_.signer.crl_folder()).size(), 1u);
  for (const Left& crash : left) {
    SCOPED_TRACE(crash.step);
    FakeDisk disk;
    disk.set_durable(crash.rows);
    disk.Crash();
    TestSigner signer({world_.pki.issuer()}, *world_.pki.manifest_key(), disk,
                      world_.clock);
    std::filesystem::remove_all(signer.crl_folder());
    std::filesystem::copy(crash.folder, signer.crl_folder());
    ASSERT_THAT(signer.Start(), IsOk());
    EXPECT_EQ(FilesIn(signer.crl_folder()).size(), 1u);
    const auto newest = signer.SignCrl({.issuer = "issuing", .have_number = 0});
    ASSERT_THAT(newest, IsOk());
    const bool recorded = crash.step == "recorded";
    EXPECT_EQ(newest->der == made->der, recorded);
    EXPECT_EQ(world_.openssl.ReadCrl(newest->der).entries.count(revoked),
              recorded ? 1u : 0u);
    const auto next = signer.SignCrl({.issuer = "issuing"});
    ASSERT_THAT(next, IsOk());
    EXPECT_GT(next->number, newest->number);
    EXPECT_EQ(world_.openssl.ReadCrl(next->der).entries.count(revoked), 1u);
    EXPECT_EQ(FilesIn(signer.crl_folder()).size(), 1u);
  }
}

// A file that somebody removed is made again under a new number.
TEST_F(CrlSignerTest, AFileThatIsGoneIsNotGivenOut) {
  const auto first = world_.SignCrl();
  for (const std::string& name : FilesIn(world_.signer.crl_folder())) {
    std::filesystem::remove(world_.signer.crl_folder() + "/" + name);
  }
  const auto second =
      world_.signer.SignCrl({.issuer = "issuing", .have_number = 0});
  ASSERT_THAT(second, IsOk());
  EXPECT_GT(second->number, first->number);
}

// The headers before the entries have another length each time the size passes
// 127, 255 and 65,535 octets; an ECDSA signature may be in between.
TEST_F(CrlSignerTest, EverySizeIsRight) {
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(Next().entries.size(), static_cast<size_t>(i));
    Revoked(i % 2 == 0 ? 0 : 1);
  }
}

class DeltaCrlTest : public CrlSignerTest {
 protected:
  DeltaCrlTest()
      : CrlSignerTest(
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

using ::testing::HasSubstr;

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

TEST_F(CrlSignerTest, AnIssuerWithoutDeltasMakesNone) {
  ASSERT_THAT(world_.SignCrl(), IsOk());
  EXPECT_THAT(
      world_.SignCrl(0, ledger::CrlKind::kDelta),
      StatusIs(absl::StatusCode::kFailedPrecondition, "delta_crl_minutes"));
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
