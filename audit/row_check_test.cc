#include "audit/row_check.h"

#include "audit/testing/feed.h"
#include "gtest/gtest.h"
#include "signer/testing/signer_world.h"

namespace chancery::audit {
namespace {

using signer::testing::SignerWorld;
using testing::Feed;
using testing::Summary;

class RowCheckTest : public ::testing::Test {
 protected:
  RowCheckTest() {
    for (const char* name : {"first", "second"}) {
      serials_.push_back(world_.Issue(name)->serial);
    }
    EXPECT_TRUE(world_.Revoke("r", serials_[1], 4).ok());
    const Feed feed(world_);
    EXPECT_EQ(Summary(feed.ReplayInto(replay_)), "");
    for (const ledger::Entry& entry : feed.entries) {
      const auto* made = std::get_if<ledger::CertificateEntry>(&entry.body);
      if (made == nullptr) continue;
      rows_.push_back({.issuer_id = made->issuer_id,
                       .serial = made->serial,
                       .der = made->certificate,
                       .not_after = made->not_after,
                       .block_id = made->block_id,
                       .place = made->place,
                       .ledger_index = entry.index});
    }
    rows_[1].status = storage::CertificateStatus::kRevoked;
    rows_[1].reason = 4;
    rows_[1].revoked_at = world_.State(serials_[1]).revoked_at;
    rows_[1].ledger_index = world_.State(serials_[1]).changed_index;
  }

  std::string See() {
    Findings findings;
    RowCheck check(replay_, replay_.size());
    for (const storage::CertificateRow& row : rows_) {
      EXPECT_TRUE(check.See(row, findings));
    }
    check.CheckMissing(findings);
    return Summary(findings);
  }

  SignerWorld world_;
  std::vector<std::string> serials_;
  Replay replay_{{}};
  std::vector<storage::CertificateRow> rows_;
};

TEST_F(RowCheckTest, RowsThatFollowTheLedgerAreClean) { EXPECT_EQ(See(), ""); }

TEST_F(RowCheckTest, ARowSetBackToGood) {
  rows_[1].status = storage::CertificateStatus::kGood;
  EXPECT_EQ(See(), "inventory-status-differs x1");
  rows_[1].ledger_index = 1;  // As if it had never been revoked.
  EXPECT_EQ(See(), "inventory-status-differs x1");
}

TEST_F(RowCheckTest, AnotherReasonOrDate) {
  rows_[1].reason = 1;
  EXPECT_EQ(See(), "inventory-status-differs x1");
  rows_[1].reason = 4;
  rows_[1].revoked_at += absl::Seconds(1);
  EXPECT_EQ(See(), "inventory-status-differs x1");
}

TEST_F(RowCheckTest, ARevocationThatNeverWas) {
  rows_[0].status = storage::CertificateStatus::kRevoked;
  EXPECT_EQ(See(), "inventory-status-differs x1");
}

TEST_F(RowCheckTest, AMissingRow) {
  rows_.pop_back();
  EXPECT_EQ(See(), "inventory-row-missing x1");
}

TEST_F(RowCheckTest, ARowOfNobody) {
  rows_.push_back(rows_[0]);
  rows_.back().serial = "nobody";
  EXPECT_EQ(See(), "inventory-row-unissued x1");
}

TEST_F(RowCheckTest, AnotherCertificateOrPlace) {
  rows_[0].der = rows_[1].der;
  EXPECT_EQ(See(), "inventory-row-differs x1");
  rows_[1].place = 7;
  EXPECT_EQ(See(), "inventory-row-differs x2");
}

TEST_F(RowCheckTest, AnInventoryThatIsBehindMayBeBehind) {
  Findings findings;
  rows_[1].status = storage::CertificateStatus::kGood;
  rows_[1].reason = 0;
  rows_[1].ledger_index = 1;
  for (const ledger::Entry& entry : Feed(world_).entries) {
    const auto* made = std::get_if<ledger::CertificateEntry>(&entry.body);
    if (made != nullptr && made->serial == serials_[1]) {
      rows_[1].ledger_index = entry.index;
    }
  }
  RowCheck check(replay_, rows_[1].ledger_index + 1);
  EXPECT_TRUE(check.See(rows_[1], findings));
  EXPECT_EQ(Summary(findings), "");
}

TEST_F(RowCheckTest, APlaceIsFilledInByWhoFollows) {
  Findings findings;
  rows_[0].block_id.clear();
  rows_[0].place = 0;
  RowCheck before(replay_, 0);
  EXPECT_TRUE(before.See(rows_[0], findings));
  EXPECT_EQ(Summary(findings), "");
  EXPECT_EQ(See(), "inventory-row-differs x1");
}

TEST_F(RowCheckTest, ARowNewerThanTheReplayIsForLater) {
  Findings findings;
  rows_[1].ledger_index = replay_.size();
  RowCheck check(replay_, replay_.size());
  EXPECT_FALSE(check.See(rows_[1], findings));
  EXPECT_EQ(Summary(findings), "");
}

}  // namespace
}  // namespace chancery::audit
