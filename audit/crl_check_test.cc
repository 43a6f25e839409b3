#include "audit/crl_check.h"

#include <algorithm>
#include <map>
#include <set>

#include "audit/testing/feed.h"
#include "crypto/digest.h"
#include "gtest/gtest.h"
#include "ledger/entry.h"
#include "signer/testing/signer_world.h"
#include "x509/crl/crl.h"

namespace chancery::audit {
namespace {

using signer::testing::SignerWorld;
using testing::Feed;
using testing::Summary;

class CrlCheckTest : public ::testing::Test {
 protected:
  CrlCheckTest() {
    for (const char* name : {"first", "second", "third"}) {
      serials_.push_back(world_.Issue(name)->serial);
    }
    EXPECT_TRUE(world_.Revoke("r", serials_[1], 4).ok());
    EXPECT_TRUE(world_.Revoke("h", serials_[2], 6).ok());
    signed_ = *world_.SignCrl();
  }

  // The CRL that the CA's key makes of these, under the same number.
  std::string Forge(std::vector<x509::CrlEntry> entries) {
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
      return base::AsText(a.serial) < base::AsText(b.serial);
    });
    const auto crl = *x509::ParseCrl(base::AsBytes(signed_.der));
    return *x509::SignCrl({.issuer = base::AsBytes(world_.pki.issuer().subject),
                           .this_update = crl.this_update,
                           .next_update = crl.next_update,
                           .authority_key_identifier = base::AsBytes(
                               world_.pki.issuer().subject_key_identifier),
                           .number = *crl.number},
                          entries, *world_.pki.key());
  }
  std::vector<x509::CrlEntry> Entries() {
    std::vector<x509::CrlEntry> entries;
    const auto crl = *x509::ParseCrl(base::AsBytes(signed_.der));
    EXPECT_TRUE(x509::ForEachEntry(crl, [&](const x509::CrlEntry& entry) {
                  entries.push_back(entry);
                  return absl::OkStatus();
                }).ok());
    return entries;
  }

  // Past the certificates' end. The signer's clock must not stand still.
  void OutliveCertificates() {
    for (int month = 0; month < 3; ++month) {
      world_.clock.Advance(absl::Hours(24 * 29));
      signed_ = *world_.SignCrl();
    }
    world_.clock.Advance(absl::Hours(24 * 4));
  }

  std::string Check(const std::string& der) {
    Findings findings;
    Replay replay({});
    EXPECT_EQ(Summary(Feed(world_).ReplayInto(replay)), "");
    CheckCrl(replay, testing::KeysOf(world_),
             {.issuer_id = world_.pki.issuer().issuer_id,
              .where = "here",
              .der = base::AsBytes(der),
              .now = world_.now()},
             findings);
    return Summary(findings);
  }

  SignerWorld world_;
  std::vector<std::string> serials_;
  signer::testing::WholeCrl signed_;
};

TEST_F(CrlCheckTest, WhatTheSignerMadeIsClean) {
  EXPECT_EQ(Check(signed_.der), "");
  // Also after what it does not know yet.
  ASSERT_TRUE(world_.Revoke("later", serials_[0], 1).ok());
  ASSERT_TRUE(world_.Release("released", serials_[2]).ok());
  EXPECT_EQ(Check(signed_.der), "");
}

TEST_F(CrlCheckTest, EntriesStayOneCrlPastTheirEnd) {
  OutliveCertificates();
  // Revoked ones have expired: two CRLs name them, the one after may not.
  for (int i = 0; i < 4; ++i) {
    world_.clock.Advance(absl::Hours(24));
    signed_ = *world_.SignCrl();
    EXPECT_EQ(Check(signed_.der), "") << i;
  }
  EXPECT_EQ(signed_.entries, 0u);
}

TEST_F(CrlCheckTest, AnEntryThatLeftTooEarly) {
  OutliveCertificates();
  signed_ = *world_.SignCrl();
  EXPECT_EQ(Check(Forge({})), "crl-not-in-ledger x1; crl-entry-missing x2");
}

TEST_F(CrlCheckTest, AMissingEntry) {
  auto entries = Entries();
  entries.pop_back();
  EXPECT_EQ(Check(Forge(entries)),
            "crl-not-in-ledger x1; crl-entry-missing x1");
}

TEST_F(CrlCheckTest, AnExtraEntry) {
  auto entries = Entries();
  entries.push_back(entries[0]);
  entries.back().serial = base::AsBytes(serials_[0]);
  EXPECT_EQ(Check(Forge(entries)), "crl-not-in-ledger x1; crl-entry-extra x1");
  const std::string nobody = "nobody";
  entries.back().serial = base::AsBytes(nobody);
  EXPECT_EQ(Check(Forge(entries)), "crl-not-in-ledger x1; crl-entry-extra x1");
}

TEST_F(CrlCheckTest, AnotherReason) {
  auto entries = Entries();
  entries[0].reason = 1;
  EXPECT_EQ(Check(Forge(entries)),
            "crl-not-in-ledger x1; crl-entry-differs x1");
}

TEST_F(CrlCheckTest, AnotherSignature) {
  std::string der = signed_.der;
  der.back() ^= 1;
  EXPECT_EQ(Check(der), "crl-signature-wrong x1; crl-not-in-ledger x1");
  EXPECT_EQ(Check("no CRL"), "crl-damaged x1");
}

TEST_F(CrlCheckTest, OneThatHasExpired) {
  world_.clock.Advance(absl::Hours(24 * 8));
  EXPECT_EQ(Check(signed_.der), "crl-expired x1");
}

// A delta as the CA's key makes it, and the ledger says so.
TEST_F(CrlCheckTest, ADeltaSaysWhatChangedSinceItsBase) {
  world_.clock.Advance(absl::Seconds(5));
  ASSERT_TRUE(world_.Revoke("later", serials_[0], 1).ok());
  ASSERT_TRUE(world_.Release("released", serials_[2]).ok());
  const auto base = *x509::ParseCrl(base::AsBytes(signed_.der));
  const absl::Time now =
      absl::FromUnixSeconds(absl::ToUnixSeconds(world_.now()));
  const auto check = [&](std::vector<x509::CrlEntry> entries) {
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
      return base::AsText(a.serial) < base::AsText(b.serial);
    });
    const std::string der = *x509::SignCrl(
        {.issuer = base::AsBytes(world_.pki.issuer().subject),
         .this_update = now,
         .next_update = now + absl::Hours(1),
         .authority_key_identifier =
             base::AsBytes(world_.pki.issuer().subject_key_identifier),
         .number = *base.number + 1,
         .base_number = *base.number},
        entries, *world_.pki.key());
    Feed feed(world_);
    feed.Append(ledger::CrlEntry{
        .issuer_id = world_.pki.issuer().issuer_id,
        .kind = ledger::CrlKind::kDelta,
        .number = *base.number + 1,
        .this_update = now,
        .next_update = now + absl::Hours(1),
        .ledger_size = feed.entries.size(),
        .revoked_count = entries.size(),
        .crl_sha256 = base::ToString(crypto::Sha256(base::AsBytes(der)))});
    Replay replay({});
    Findings findings = feed.ReplayInto(replay);
    CheckCrl(replay, testing::KeysOf(world_),
             {.issuer_id = world_.pki.issuer().issuer_id,
              .is_delta = true,
              .where = "here",
              .der = base::AsBytes(der),
              .now = world_.now()},
             findings);
    return Summary(findings);
  };
  const x509::CrlEntry revoked = {
      .serial = base::AsBytes(serials_[0]),
      .revocation_time = world_.State(serials_[0]).revoked_at,
      .reason = 1};
  const x509::CrlEntry released = {.serial = base::AsBytes(serials_[2]),
                                   .revocation_time = now,
                                   .reason = 8};
  EXPECT_EQ(check({revoked, released}), "");
  EXPECT_EQ(check({revoked}), "crl-entry-missing x1");
  EXPECT_EQ(check({released}), "crl-entry-missing x1");
  x509::CrlEntry wrong = revoked;
  wrong.reason = 8;
  EXPECT_EQ(check({wrong, released}), "crl-entry-differs x1");
}

TEST(CrlCheckShardTest, AShardIsOfItsCertificatesAndSaysSo) {
  SignerWorld world({.crl_shards = 4});
  std::set<uint32_t> shards;
  for (int i = 0; i < 12; ++i) {
    const std::string name = std::to_string(i);
    const std::string serial = world.Issue("issue " + name)->serial;
    ASSERT_TRUE(world.Revoke("revoke " + name, serial, 1).ok());
    shards.insert(world.State(serial).crl_shard);
  }
  ASSERT_GE(shards.size(), 2u);
  std::map<uint32_t, std::string> crls;
  for (const uint32_t shard : shards) crls[shard] = world.SignCrl(shard)->der;
  Replay replay({});
  ASSERT_EQ(Summary(Feed(world).ReplayInto(replay)), "");
  const auto check = [&](uint32_t shard, const std::string& der) {
    Findings findings;
    CheckCrl(replay, testing::KeysOf(world),
             {.issuer_id = world.pki.issuer().issuer_id,
              .shard = shard,
              .where = "here",
              .der = base::AsBytes(der),
              .now = world.now()},
             findings);
    return findings;
  };
  for (const uint32_t shard : shards) {
    EXPECT_EQ(Summary(check(shard, crls[shard])), "") << shard;
  }
  const Findings swapped = check(*shards.begin(), crls[*shards.rbegin()]);
  EXPECT_EQ(swapped.Count(Kind::kCrlScopeWrong), 1u);
  EXPECT_GE(swapped.Count(Kind::kCrlEntryExtra), 1u);
  EXPECT_GE(swapped.Count(Kind::kCrlEntryMissing), 1u);
}

}  // namespace
}  // namespace chancery::audit
