#include "refresher/crl_refresher.h"

#include <optional>
#include <string>
#include <vector>

#include "base/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "refresher/testing/refresher_fixture.h"

namespace chancery::refresher {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr absl::Duration kDelay = absl::Seconds(10);
// The signer's CRLs want to be signed again after so long.
constexpr absl::Duration kRefreshAfter = absl::Hours(12 * 9);

class CrlRefresherTest : public testing::RefresherFixture {
 protected:
  CrlRefresherTest() { Restart(); }

  void Restart() {
    refresher_.emplace(signer_, inventory_, sink_, clock_, log_,
                       CrlRefresher::Options{.delay = kDelay});
  }
  storage::CrlRow Crl(uint32_t shard, bool is_delta = false) {
    const auto rows = real_inventory_->ListCrls();
    EXPECT_THAT(rows, IsOk());
    for (const storage::CrlRow& row : *rows) {
      if (row.shard == shard && row.is_delta == is_delta) return row;
    }
    ADD_FAILURE() << "no CRL of shard " << shard;
    return {};
  }
  std::string Der(const storage::CrlRow& crl) {
    return real_inventory_->GetCrlPart(crl, 0)->value_or("");
  }
  // All numbers added up: grows by one with each CRL that is stored.
  uint64_t InventoryNumbers() {
    uint64_t sum = 0;
    const auto rows = real_inventory_->ListCrls();
    for (const storage::CrlRow& row : *rows) {
      sum += row.number;
    }
    return sum;
  }
  // A revocation, as the inventory has it when it was followed.
  void Revoke(uint32_t shard = 0) {
    const std::string block = signer_.AddBlock(1);
    signer_.Revoke(block, 0);
    const std::string& issuer = signer_.issuer().issuer_id;
    const std::string serial = signer_.Serial(block, 0);
    ASSERT_THAT(real_inventory_->AddCertificates({{.issuer_id = issuer,
                                                   .serial = serial,
                                                   .der = signer_.Der(block, 0),
                                                   .not_before = clock_.Now(),
                                                   .not_after = clock_.Now(),
                                                   .block_id = block,
                                                   .crl_shard = shard}}),
                IsOk());
    // The entry before the last, which is the manifest's.
    ASSERT_THAT(real_inventory_->SetStatus(
                    {.issuer_id = issuer,
                     .serial = serial,
                     .status = storage::CertificateStatus::kRevoked,
                     .reason = 1,
                     .revoked_at = clock_.Now(),
                     .ledger_index = signer_.ledger_size() - 2}),
                IsOk());
  }

  std::optional<CrlRefresher> refresher_;
};

TEST_F(CrlRefresherTest, EveryScopeGetsItsFirstCrl) {
  signer_.SetCrlShards(3);
  EXPECT_EQ(*refresher_->Step(), 3u);
  EXPECT_EQ(refresher_->signed_crls(), 3u);
  for (const uint32_t shard : {0u, 1u, 2u}) {
    const storage::CrlRow row = Crl(shard);
    EXPECT_EQ(row.number, 1u);
    EXPECT_EQ(Der(row), "CRL " + std::to_string(shard) + " 1");
    EXPECT_EQ(row.this_update, clock_.Now());
    EXPECT_EQ(row.next_update, clock_.Now() + absl::Hours(24 * 9));
    EXPECT_EQ(row.refresh_at, clock_.Now() + kRefreshAfter);
    EXPECT_EQ(row.ledger_size, shard);
  }
  EXPECT_EQ(sink_.crls_changed, 3);
  EXPECT_EQ(*refresher_->Step(), 0u);
  EXPECT_EQ(sink_.crls_changed, 3);
}

TEST_F(CrlRefresherTest, KeepsTheIssuersInTheInventory) {
  ASSERT_THAT(refresher_->Step(), IsOk());
  const auto issuers = real_inventory_->ListIssuers();
  ASSERT_THAT(issuers, IsOk());
  ASSERT_THAT(*issuers, SizeIs(1));
  EXPECT_EQ((*issuers)[0].name, "issuing");
  EXPECT_EQ((*issuers)[0].issuer_id, signer_.issuer().issuer_id);
  EXPECT_EQ((*issuers)[0].certificate, signer_.issuer().certificate);
  EXPECT_EQ((*issuers)[0].chain, signer_.issuer().chain);
  EXPECT_THAT((*issuers)[0].profiles, ElementsAre("server"));
}

TEST_F(CrlRefresherTest, ANewShardIsSeenWithinAMinute) {
  ASSERT_THAT(refresher_->Step(), IsOk());
  signer_.SetCrlShards(2);
  EXPECT_EQ(*refresher_->Step(), 0u);
  clock_.Advance(absl::Minutes(1));
  EXPECT_EQ(*refresher_->Step(), 1u);
  EXPECT_EQ(Crl(1).number, 1u);
}

TEST_F(CrlRefresherTest, ADueCrlIsSignedAgain) {
  ASSERT_THAT(refresher_->Step(), IsOk());
  clock_.Advance(kRefreshAfter - absl::Seconds(1));
  EXPECT_EQ(*refresher_->Step(), 0u);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(*refresher_->Step(), 1u);
  EXPECT_EQ(Crl(0).number, 2u);
}

TEST_F(CrlRefresherTest, AChangedStatusIsInACrlAfterTheDelay) {
  ASSERT_THAT(refresher_->Step(), IsOk());
  Revoke();
  clock_.Advance(kDelay - absl::Seconds(1));
  EXPECT_EQ(*refresher_->Step(), 0u);
  Revoke();  // Shares it.
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(*refresher_->Step(), 1u);
  EXPECT_EQ(Crl(0).number, 2u);
  EXPECT_EQ(Crl(0).ledger_size, signer_.ledger_size() - 1);
  clock_.Advance(kDelay);
  EXPECT_EQ(*refresher_->Step(), 0u);
}

// Only the shard that a revocation is in is signed again.
TEST_F(CrlRefresherTest, OtherShardsAreLeftAlone) {
  signer_.SetCrlShards(3);
  ASSERT_THAT(refresher_->Step(), IsOk());
  Revoke(1);
  clock_.Advance(kDelay);
  EXPECT_EQ(*refresher_->Step(), 1u);
  EXPECT_EQ(Crl(0).number, 1u);
  EXPECT_EQ(Crl(1).number, 2u);
  EXPECT_EQ(Crl(2).number, 1u);
  EXPECT_EQ(*refresher_->Step(), 0u);
}

TEST_F(CrlRefresherTest, AfterAQuietTimeAChangedStatusIsInACrlAtOnce) {
  ASSERT_THAT(refresher_->Step(), IsOk());
  clock_.Advance(absl::Hours(1));
  Revoke();
  EXPECT_EQ(*refresher_->Step(), 1u);
}

TEST_F(CrlRefresherTest, StepNowDoesNotWaitForMore) {
  ASSERT_THAT(refresher_->StepNow(), IsOk());
  Revoke();
  EXPECT_EQ(*refresher_->StepNow(), 1u);
  EXPECT_EQ(*refresher_->StepNow(), 0u);
}

TEST_F(CrlRefresherTest, ARestartForgetsNoChange) {
  ASSERT_THAT(refresher_->Step(), IsOk());
  Revoke();
  Restart();
  clock_.Advance(kDelay);
  EXPECT_EQ(*refresher_->Step(), 1u);
}

TEST_F(CrlRefresherTest, ANewerCrlOfAnotherRefresherIsKept) {
  storage::CrlRow theirs{.issuer_id = signer_.issuer().issuer_id,
                         .number = 7,
                         .this_update = clock_.Now(),
                         .next_update = clock_.Now(),
                         .refresh_at = clock_.Now(),  // Due.
                         .size = 6};
  ASSERT_THAT(real_inventory_->PutCrl(theirs, storage::OnePiece("theirs")),
              IsOk());
  ASSERT_THAT(refresher_->Step(), IsOk());
  EXPECT_EQ(Der(Crl(0)), "theirs");
}

// What it signed before it was killed is fetched, not signed again.
TEST_F(CrlRefresherTest, TwoRefreshersShareOneCrl) {
  CrlRefresher other(signer_, inventory_, sink_, clock_, log_,
                     {.delay = kDelay});
  ASSERT_THAT(refresher_->Step(), IsOk());
  Revoke();
  clock_.Advance(kDelay);
  const uint64_t size = signer_.ledger_size();
  // It asks for what is newer than 1, and dies before it is stored.
  ASSERT_THAT(signer_.SignCrl({.issuer = "issuing", .have_number = 1}), IsOk());
  EXPECT_EQ(*other.Step(), 1u);
  EXPECT_EQ(*refresher_->Step(), 0u);
  EXPECT_EQ(Crl(0).number, 2u);
  EXPECT_EQ(signer_.ledger_size(), size + 1);
}

TEST_F(CrlRefresherTest, AnIssuerWithDeltasGetsThemToo) {
  signer_.SetDeltaCrls(true);
  EXPECT_EQ(*refresher_->Step(), 2u);
  EXPECT_EQ(Crl(0).number, 1u);
  EXPECT_EQ(Crl(0, true).number, 2u);
  EXPECT_EQ(Crl(0, true).base_number, 1u);
  EXPECT_EQ(Der(Crl(0, true)), "delta 0 2");
  EXPECT_EQ(*refresher_->Step(), 0u);
  Revoke();
  clock_.Advance(kDelay);
  EXPECT_EQ(*refresher_->Step(), 2u);
  EXPECT_EQ(Crl(0, true).number, 4u);
  EXPECT_EQ(*refresher_->Step(), 0u);
}

TEST_F(CrlRefresherTest, AScopeThatFailsDoesNotKeepOthersFromTheirs) {
  signer_.SetCrlShards(3);
  signer_.RefuseBlock("crl 1", absl::FailedPreconditionError("too large"));
  EXPECT_THAT(refresher_->Step(),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "CRL of issuer \"issuing\": too large"));
  EXPECT_EQ(Crl(0).number, 1u);
  EXPECT_EQ(Crl(2).number, 1u);
  EXPECT_EQ(sink_.crls_changed, 2);
  signer_.RefuseBlock("crl 1", absl::OkStatus());
  EXPECT_EQ(*refresher_->Step(), 1u);
  EXPECT_EQ(Crl(1).number, 1u);
}

TEST_F(CrlRefresherTest, SaysThatTheSignerIsAway) {
  for (const char* method : {"ListIssuers", "SignCrl"}) {
    signer_.Fail(method, absl::UnavailableError("down"));
    EXPECT_THAT(refresher_->Step(),
                StatusIs(absl::StatusCode::kUnavailable, "down"));
    signer_.Fail(method, absl::OkStatus());
  }
  EXPECT_EQ(*refresher_->Step(), 1u);
}

// What was stored is announced, and what was not is signed again.
TEST_F(CrlRefresherTest, EachCallToTheInventoryMayFailOnce) {
  signer_.SetCrlShards(2);
  for (const bool after : {false, true}) {
    bool failed = true;
    for (int call = 0; failed; ++call) {
      Revoke();
      clock_.Advance(absl::Minutes(1));
      const uint64_t number = InventoryNumbers();
      sink_.crls_changed = 0;
      inventory_.FailAt(call, after);
      failed = !refresher_->Step().ok();
      EXPECT_EQ(failed, inventory_.calls() > call);
      inventory_.Heal();
      if (!after && InventoryNumbers() > number) {
        EXPECT_GE(sink_.crls_changed, 1) << call;
      }
      ASSERT_THAT(refresher_->Step(), IsOk());
      EXPECT_GT(InventoryNumbers(), number);
      for (const uint32_t shard : {0u, 1u}) {
        EXPECT_EQ(real_inventory_
                      ->StatusChanges(signer_.issuer().issuer_id,
                                      Crl(shard).ledger_size)
                      ->count(shard),
                  0u);
      }
    }
  }
}

}  // namespace
}  // namespace chancery::refresher
