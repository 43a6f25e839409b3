#include "audit/replay.h"

#include <algorithm>

#include "audit/testing/feed.h"
#include "crypto/software_key.h"
#include "gtest/gtest.h"
#include "signer/testing/signer_world.h"

namespace chancery::audit {
namespace {

using signer::testing::SignerWorld;
using testing::Feed;
using testing::Summary;

// A signer with three certificates, of which the second is revoked, the third
// was held and released; with a CRL.
class ReplayTest : public ::testing::Test {
 protected:
  ReplayTest() {
    for (const char* name : {"first", "second", "third"}) {
      serials_.push_back(world_.Issue(name)->serial);
    }
    Wait();
    EXPECT_TRUE(world_.Revoke("r", serials_[1], 4).ok());
    EXPECT_TRUE(world_.Revoke("h", serials_[2], 6).ok());
    Wait();
    EXPECT_TRUE(world_.Release("l", serials_[2]).ok());
    EXPECT_TRUE(world_.SignCrl().ok());
    EXPECT_TRUE(world_.SignBlockOf(serials_[0]).ok());
  }
  void Wait(absl::Duration time = absl::Seconds(5)) {
    world_.clock.Advance(time);
  }
  ledger::StatusEntry Change(ledger::StatusChange change, int serial,
                             uint8_t reason) {
    return {.change = change,
            .issuer_id = world_.pki.issuer().issuer_id,
            .serial = serials_[serial],
            .reason = reason,
            .revoked_at = change == ledger::StatusChange::kRelease
                              ? absl::UnixEpoch()
                              : absl::FromUnixSeconds(absl::ToUnixSeconds(
                                    Feed(world_).entries.back().time))};
  }

  SignerWorld world_;
  std::vector<std::string> serials_;
};

TEST_F(ReplayTest, AnHonestLedgerIsClean) {
  // Into a second block, past the certificates' end, with a CRL after it.
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(world_.Issue("more " + std::to_string(i)).ok());
  }
  ASSERT_TRUE(world_.Revoke("c", serials_[1], 1).ok());
  for (int month = 0; month < 4; ++month) {
    Wait(absl::Hours(24 * 29));
    ASSERT_TRUE(world_.Issue("monthly " + std::to_string(month)).ok());
    ASSERT_TRUE(world_.SignBlockOf(serials_[0]).ok());
    ASSERT_TRUE(world_.SignCrl().ok());
  }
  ASSERT_TRUE(world_.Revoke("late", serials_[0], 1).ok());
  const Feed feed(world_);
  Replay replay({});
  EXPECT_EQ(Summary(feed.ReplayInto(replay)), "");
  EXPECT_EQ(replay.Root(), world_.signer.ledger().Head().root);
  EXPECT_EQ(replay.certificates().size(), 15u);
  EXPECT_EQ(replay.certificates().Now(1),
            (CertificateStatus{.status = Status::kRevoked,
                               .reason = 1,
                               .revoked_at = absl::ToUnixSeconds(
                                   world_.State(serials_[1]).revoked_at)}));
}

TEST_F(ReplayTest, StatusTreesThatWereForgottenAreMadeAgain) {
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(world_.Issue("more " + std::to_string(i)).ok());
    Wait();
    ASSERT_TRUE(world_.SignBlockOf(serials_[0]).ok());
  }
  Replay replay({.tree_places = 1});
  EXPECT_EQ(Summary(Feed(world_).ReplayInto(replay)), "");
}

TEST_F(ReplayTest, KnowsEveryStatusThatWas) {
  Replay replay({});
  const Feed feed(world_);
  ASSERT_EQ(Summary(feed.ReplayInto(replay)), "");
  const CertificateTable& table = replay.certificates();
  const auto held = table.Find(world_.pki.issuer().issuer_id, serials_[2]);
  ASSERT_TRUE(held.has_value());
  for (const ledger::Entry& entry : feed.entries) {
    const auto* change = std::get_if<ledger::StatusEntry>(&entry.body);
    if (change == nullptr || change->serial != serials_[2]) continue;
    const Status after = change->change == ledger::StatusChange::kHold
                             ? Status::kHeld
                             : Status::kGood;
    EXPECT_NE(table.At(*held, entry.index).status, after);
    EXPECT_EQ(table.At(*held, entry.index + 1).status, after);
    EXPECT_EQ(table.ChangedIndex(*held, entry.index + 1), entry.index);
  }
}

TEST_F(ReplayTest, ReleasingWhatIsRevokedUnrevokes) {
  Feed feed(world_);
  feed.Append(Change(ledger::StatusChange::kRelease, 1, 0));
  EXPECT_EQ(Summary(feed.Audit()), "unrevoked x1");
}

TEST_F(ReplayTest, MovingARevocationLaterUnrevokes) {
  Feed feed(world_);
  auto change = Change(ledger::StatusChange::kRevoke, 1, 1);
  change.revoked_at = world_.State(serials_[1]).revoked_at + absl::Seconds(1);
  feed.Append(change);
  EXPECT_EQ(Summary(feed.Audit()), "unrevoked x1");
}

TEST_F(ReplayTest, OnlyKeyCompromiseReplacesAReason) {
  Feed feed(world_);
  auto change = Change(ledger::StatusChange::kRevoke, 1, 5);
  change.revoked_at = world_.State(serials_[1]).revoked_at;
  feed.Append(change);
  EXPECT_EQ(Summary(feed.Audit()), "status-change-not-allowed x1");
}

TEST_F(ReplayTest, AStatusOfASerialThatWasNeverIssued) {
  Feed feed(world_);
  auto change = Change(ledger::StatusChange::kRevoke, 0, 1);
  change.serial = "nobody";
  feed.Append(change);
  EXPECT_EQ(Summary(feed.Audit()), "status-of-unissued-serial x1");
}

TEST_F(ReplayTest, ASerialTwice) {
  Feed feed(world_);
  feed.Append(feed.Newest<ledger::CertificateEntry>());
  EXPECT_EQ(Summary(feed.Audit()), "serial-issued-twice x1");
}

TEST_F(ReplayTest, AnotherCertificateInAnEntry) {
  Feed feed(world_);
  auto made = feed.Newest<ledger::CertificateEntry>();
  made.serial = "another";
  made.place += 1;
  feed.Append(made);
  EXPECT_EQ(Summary(feed.Audit()), "certificate-differs x1");
}

TEST_F(ReplayTest, APlaceLeftOut) {
  Feed feed(world_);
  auto made = feed.Newest<ledger::CertificateEntry>();
  made.serial = "another";
  made.place += 2;
  feed.Append(made);
  EXPECT_EQ(feed.Audit().Count(Kind::kPlaceNotNext), 1u);
}

TEST_F(ReplayTest, AnEntryThatWasChanged) {
  Feed feed(world_);
  const auto first = std::find_if(
      feed.entries.begin(), feed.entries.end(), [](const ledger::Entry& entry) {
        return std::holds_alternative<ledger::CertificateEntry>(entry.body);
      });
  auto& made = std::get<ledger::CertificateEntry>(first->body);
  made.certificate[made.certificate.size() / 2] ^= 1;
  Replay replay({});
  EXPECT_EQ(feed.ReplayInto(replay).Count(Kind::kCertificateDiffers), 1u);
  EXPECT_NE(replay.Root(), world_.signer.ledger().Head().root);
}

TEST_F(ReplayTest, AnEntryThatIsMissing) {
  Feed feed(world_);
  feed.entries.erase(feed.entries.begin() + 2);
  EXPECT_GE(feed.Audit().Count(Kind::kLedgerEntryUnreadable), 1u);
}

TEST_F(ReplayTest, TimeThatGoesBack) {
  Feed feed(world_);
  feed.Append(Change(ledger::StatusChange::kRevoke, 0, 1));
  feed.entries.back().time += absl::Seconds(1);
  feed.Append(Change(ledger::StatusChange::kRevoke, 2, 1));
  feed.entries.back().time -= absl::Seconds(1);
  EXPECT_EQ(Summary(feed.Audit()), "ledger-time-goes-back x1");
}

TEST_F(ReplayTest, TheNextManifestIsClean) {
  Feed feed(world_);
  feed.AppendManifest([](block::Manifest&) {});
  EXPECT_EQ(Summary(feed.Audit()), "");
}

struct ManifestCase {
  const char* name;
  std::function<void(block::Manifest&)> change;
  Kind kind;
};

class ReplayManifestTest : public ReplayTest,
                           public ::testing::WithParamInterface<ManifestCase> {
};

TEST_P(ReplayManifestTest, FindsWhatIsWrong) {
  Feed feed(world_);
  feed.AppendManifest(GetParam().change);
  EXPECT_EQ(feed.Audit().Count(GetParam().kind), 1u) << Summary(feed.Audit());
}

INSTANTIATE_TEST_SUITE_P(
    All, ReplayManifestTest,
    ::testing::Values(
        ManifestCase{"StatusRoot",
                     [](block::Manifest& m) { m.status_root[0] ^= 1; },
                     Kind::kStatusRootDiffers},
        ManifestCase{"Previous", [](block::Manifest& m) { m.previous[0] ^= 1; },
                     Kind::kManifestChainBroken},
        ManifestCase{
            "VersionTwice",
            [](block::Manifest& m) { m.base_version = --m.version - 1; },
            Kind::kManifestVersionTwice},
        ManifestCase{
            "VersionBack",
            [](block::Manifest& m) { m.base_version = (m.version -= 2) - 1; },
            Kind::kManifestVersionNotGrowing},
        ManifestCase{"Base", [](block::Manifest& m) { m.base_version -= 1; },
                     Kind::kManifestBaseWrong},
        ManifestCase{"Count", [](block::Manifest& m) { m.count += 1; },
                     Kind::kManifestFactsWrong},
        ManifestCase{"LedgerSizeBack",
                     [](block::Manifest& m) { m.ledger_size = 1; },
                     Kind::kManifestLedgerSizeWrong},
        ManifestCase{"LedgerSizeAhead",
                     [](block::Manifest& m) { m.ledger_size += 1; },
                     Kind::kManifestLedgerSizeWrong},
        ManifestCase{
            "Future",
            [](block::Manifest& m) { m.produced_at += absl::Seconds(1); },
            Kind::kManifestTimesWrong},
        ManifestCase{"SameSecond",
                     [](block::Manifest& m) { m.base_version = 0; },
                     Kind::kManifestTimesWrong}),
    [](const auto& param) { return std::string(param.param.name); });

TEST_F(ReplayTest, AManifestThatLeavesOutARevocation) {
  Feed feed(world_);
  feed.Append(Change(ledger::StatusChange::kRevoke, 0, 1));
  feed.AppendManifest([](block::Manifest& m) { m.ledger_size -= 1; });
  EXPECT_EQ(feed.Audit().Count(Kind::kManifestLedgerSizeWrong), 1u);
  EXPECT_EQ(feed.Audit().Count(Kind::kStatusRootDiffers), 1u);
}

TEST_F(ReplayTest, AManifestOfAnotherKey) {
  Feed feed(world_);
  const auto other = *crypto::GenerateKey({crypto::KeyType::kEcP256});
  feed.AppendManifest([](block::Manifest&) {});
  auto& entry = std::get<ledger::ManifestEntry>(feed.entries.back().body);
  const auto held = *block::Signed::Parse(base::AsBytes(entry.manifest));
  entry.manifest =
      block::Sign(block::kManifestType, held.message, *other)->Encode();
  EXPECT_EQ(Summary(feed.Audit()), "manifest-not-verified x1");
  // Another's signature under the right name.
  auto forged = *block::Signed::Parse(base::AsBytes(entry.manifest));
  forged.key_id = held.key_id;
  entry.manifest = forged.Encode();
  EXPECT_EQ(Summary(feed.Audit()), "manifest-not-verified x1");
}

TEST_F(ReplayTest, ShardsAreFixedOnce) {
  Feed feed(world_);
  const ledger::IssuerEntry issuer = {
      .issuer_id = world_.pki.issuer().issuer_id,
      .name = "issuing",
      .certificate = world_.pki.issuer().certificate,
      .crl_shards = 1};
  feed.Append(issuer);
  EXPECT_EQ(Summary(feed.Audit()), "");
  feed.Append(issuer);
  EXPECT_EQ(Summary(feed.Audit()), "crl-scope-wrong x1");
  auto made = feed.Newest<ledger::CertificateEntry>();
  made.serial = "another";
  made.place += 1;
  made.crl_shard = 1;
  feed.entries.back().body = made;
  EXPECT_EQ(feed.Audit().Count(Kind::kCrlScopeWrong), 1u);
}

TEST_F(ReplayTest, CrlNumbersAndTimesThatDoNotGrow) {
  Feed feed(world_);
  auto crl = feed.Newest<ledger::CrlEntry>();
  feed.Append(crl);
  EXPECT_EQ(Summary(feed.Audit()),
            "crl-number-not-growing x1; crl-times-wrong x1");
  crl.number += 1;
  crl.this_update += absl::Seconds(1);
  crl.ledger_size = 1;
  feed.entries.back().body = crl;
  EXPECT_EQ(Summary(feed.Audit()), "crl-ledger-size-wrong x1");
}

TEST_F(ReplayTest, ARevocationThatNobodySigned) {
  Feed feed(world_);
  feed.Append(Change(ledger::StatusChange::kRevoke, 0, 1));
  Replay replay({});
  Findings findings = feed.ReplayInto(replay);
  replay.blocks().CheckSigned(replay.last_time(), findings);
  replay.crls().CheckStated(replay.last_time(), findings);
  EXPECT_EQ(Summary(findings), "") << "it may be under way";
  replay.blocks().CheckSigned(replay.last_time() + absl::Seconds(1), findings);
  replay.crls().CheckStated(replay.last_time() + absl::Seconds(1), findings);
  EXPECT_EQ(Summary(findings),
            "record-not-signed x1; revocation-not-on-crl x1");
}

}  // namespace
}  // namespace chancery::audit
