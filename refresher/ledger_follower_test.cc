#include "refresher/ledger_follower.h"

#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/bytes.h"
#include "base/testing/status_matchers.h"
#include "block/head.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "refresher/testing/refresher_fixture.h"

namespace chancery::refresher {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using ledger::StatusChange;
using storage::CertificateStatus;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kSigner[] = "spiffe://test/signer/one";

class LedgerFollowerTest : public testing::RefresherFixture {
 protected:
  LedgerFollowerTest() { Restart(); }

  // A new process: nothing is remembered but what the inventory has.
  void Restart() {
    keeper_.Forget();
    follower_.emplace(signer_, inventory_, keeper_, sink_, log_,
                      LedgerFollower::Options{.signer = kSigner});
  }
  // Steps until the end or an error.
  absl::Status Follow() {
    while (true) {
      const auto more = follower_->Step();
      if (!more.ok()) return more.status();
      if (!*more) return absl::OkStatus();
    }
  }
  storage::CertificateRow Row(const std::string& block_id, uint32_t place) {
    auto row = real_inventory_->FindCertificate(
        signer_.issuer().issuer_id, signer_.Serial(block_id, place));
    EXPECT_THAT(row, IsOk());
    return row.value_or(storage::CertificateRow());
  }
  // The inventory has every certificate with its DER, and the block as it is.
  void ExpectWhole(const std::string& block_id, uint32_t members) {
    EXPECT_EQ(InventoryVersion(block_id), signer_.Version(block_id));
    for (uint32_t place = 0; place < members; ++place) {
      const storage::CertificateRow row = Row(block_id, place);
      EXPECT_EQ(row.der, signer_.Der(block_id, place));
      EXPECT_EQ(row.place, place);
      EXPECT_EQ(row.block_id, block_id);
    }
  }

  std::optional<LedgerFollower> follower_;
};

TEST_F(LedgerFollowerTest, AnEmptyLedgerIsFollowedToItsEnd) {
  EXPECT_FALSE(follower_->caught_up());
  ASSERT_THAT(Follow(), IsOk());
  EXPECT_TRUE(follower_->caught_up());
  EXPECT_EQ(follower_->followed(), 0u);
}

TEST_F(LedgerFollowerTest, CertificatesBecomeRows) {
  const std::string block = signer_.AddBlock(2);
  clock_.Advance(absl::Seconds(5));
  signer_.Issue(block);
  ASSERT_THAT(Follow(), IsOk());
  ExpectWhole(block, 3);
  const storage::CertificateRow row = Row(block, 2);
  EXPECT_EQ(row.subject, "CN=host3");
  EXPECT_THAT(row.names, ElementsAre("DNS:host3.test"));
  EXPECT_EQ(row.not_before, clock_.Now());
  EXPECT_EQ(row.not_after, clock_.Now() + absl::Hours(24 * 90));
  EXPECT_EQ(row.profile, "server");
  EXPECT_EQ(row.requester, "spiffe://test/client/one");
  EXPECT_EQ(row.request_id, "request 3");
  EXPECT_EQ(row.issued_at, clock_.Now());
  EXPECT_EQ(row.ledger_index, 3u);
  EXPECT_EQ(row.status, CertificateStatus::kGood);
}

TEST_F(LedgerFollowerTest, StatusesFollow) {
  const std::string block = signer_.AddBlock(4);
  ASSERT_THAT(Follow(), IsOk());
  clock_.Advance(absl::Seconds(5));
  signer_.Revoke(block, 0);
  signer_.Change(block, 1, StatusChange::kHold);
  signer_.Change(block, 2, StatusChange::kHold);
  signer_.Change(block, 2, StatusChange::kRelease);
  ASSERT_THAT(Follow(), IsOk());
  EXPECT_EQ(Row(block, 0).status, CertificateStatus::kRevoked);
  EXPECT_EQ(Row(block, 0).reason, 1);
  EXPECT_EQ(Row(block, 0).revoked_at, clock_.Now());
  EXPECT_EQ(Row(block, 1).status, CertificateStatus::kHeld);
  EXPECT_EQ(Row(block, 1).reason, 6);
  EXPECT_EQ(Row(block, 2).status, CertificateStatus::kGood);
  EXPECT_EQ(Row(block, 2).reason, 0);
  EXPECT_EQ(Row(block, 2).revoked_at, absl::UnixEpoch());
  EXPECT_EQ(Row(block, 3).status, CertificateStatus::kGood);
  EXPECT_EQ(*real_inventory_->StatusChanges(signer_.issuer().issuer_id, 0),
            (std::map<uint32_t, uint64_t>{{0, 11}}));
}

TEST_F(LedgerFollowerTest, WhatNobodyPublishedIsFetchedAndOffered) {
  const std::string block = signer_.AddBlock(1);
  ASSERT_THAT(Follow(), IsOk());
  sink_.offered.clear();
  const block::Update lost = signer_.Issue(block);
  const block::Update also_lost = signer_.Revoke(block, 0);
  ASSERT_THAT(Follow(), IsOk());
  EXPECT_THAT(sink_.Versions(block),
              ElementsAre(lost.version, also_lost.version));
  EXPECT_EQ(sink_.last_wait, absl::ZeroDuration());
  EXPECT_EQ(InventoryVersion(block), also_lost.version);
}

TEST_F(LedgerFollowerTest, WhatWasPublishedIsNotFetchedAgain) {
  const std::string block = signer_.AddBlock(1);
  ASSERT_THAT(Follow(), IsOk());
  ASSERT_THAT(keeper_.Store({signer_.Issue(block)}), IsOk());
  const int calls = signer_.calls("GetBlock");
  sink_.offered.clear();
  ASSERT_THAT(Follow(), IsOk());
  EXPECT_EQ(signer_.calls("GetBlock"), calls);
  EXPECT_THAT(sink_.offered, IsEmpty());
  ExpectWhole(block, 2);
}

TEST_F(LedgerFollowerTest, WhatAnotherProcessStoredIsNotFetchedAgain) {
  const std::string block = signer_.AddBlock(1);
  ASSERT_THAT(Follow(), IsOk());
  BlockKeeper other(*real_inventory_, signer_);
  ASSERT_THAT(other.Store({signer_.Issue(block)}), IsOk());
  const int calls = signer_.calls("GetBlock");
  ASSERT_THAT(Follow(), IsOk());
  EXPECT_EQ(signer_.calls("GetBlock"), calls);
}

// A signer that dies after the ledger's entry and before the record is signed.
TEST_F(LedgerFollowerTest, AStatusThatWasNotSignedGetsSigned) {
  const std::string block = signer_.AddBlock(2);
  ASSERT_THAT(Follow(), IsOk());
  signer_.RevokeUnsigned(block, 1);
  signer_.IssueUnsigned(block);
  const uint64_t before = signer_.Version(block);
  ASSERT_THAT(Follow(), IsOk());
  EXPECT_GT(signer_.Version(block), before);
  ExpectWhole(block, 3);
  EXPECT_EQ(sink_.Versions(block).back(), signer_.Version(block));
}

TEST_F(LedgerFollowerTest, PagesAreFollowedOneByOne) {
  signer_.SetPageSize(3);
  const std::string first = signer_.AddBlock(5);
  const std::string second = signer_.AddBlock(4);
  signer_.Revoke(first, 4);  // In another page than its certificate.
  ASSERT_EQ(signer_.ledger_size(), 13u);
  for (uint64_t followed = 3; followed < 13; followed += 3) {
    const auto more = follower_->Step();
    ASSERT_THAT(more, IsOk());
    EXPECT_TRUE(*more);
    EXPECT_EQ(follower_->followed(), followed);
    EXPECT_EQ(follower_->ledger_size(), 13u);
    EXPECT_FALSE(follower_->caught_up());
  }
  ASSERT_THAT(Follow(), IsOk());
  EXPECT_EQ(follower_->followed(), 13u);
  EXPECT_TRUE(follower_->caught_up());
  ExpectWhole(first, 5);
  ExpectWhole(second, 4);
  EXPECT_EQ(Row(first, 4).status, CertificateStatus::kRevoked);
}

TEST_F(LedgerFollowerTest, ARestartGoesOnWhereTheInventoryIs) {
  signer_.SetPageSize(2);
  const std::string block = signer_.AddBlock(5);
  ASSERT_THAT(follower_->Step(), IsOk());
  Restart();
  EXPECT_EQ(follower_->followed(), 0u);
  ASSERT_THAT(follower_->Step(), IsOk());
  EXPECT_EQ(follower_->followed(), 4u);
  Restart();
  ASSERT_THAT(Follow(), IsOk());
  ExpectWhole(block, 5);
}

TEST_F(LedgerFollowerTest, TwoFollowIntoOneInventory) {
  signer_.SetPageSize(2);
  const std::string block = signer_.AddBlock(5);
  BlockKeeper keeper(*real_inventory_, signer_);
  LedgerFollower other(signer_, *real_inventory_, keeper, sink_, log_,
                       {.signer = kSigner});
  ASSERT_THAT(other.Step(), IsOk());
  ASSERT_THAT(follower_->Step(), IsOk());
  ASSERT_THAT(other.Step(), IsOk());
  ASSERT_THAT(Follow(), IsOk());
  ExpectWhole(block, 5);
  EXPECT_EQ(follower_->followed(), signer_.ledger_size());
}

TEST_F(LedgerFollowerTest, RefusesALedgerThatIsShorterThanWhatWasFollowed) {
  const std::string block = signer_.AddBlock(3);
  ASSERT_THAT(Follow(), IsOk());
  signer_.Truncate(2);
  EXPECT_THAT(
      Follow(),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               "the signer has 2 entries, the inventory has followed 4"));
  Restart();
  EXPECT_FALSE(Follow().ok());
  EXPECT_FALSE(follower_->caught_up());
}

// Another signer from an old backup has gone its own way: none of what it says
// is taken.
TEST_F(LedgerFollowerTest, RefusesALedgerThatWentAnotherWay) {
  const std::string block = signer_.AddBlock(3);
  ASSERT_THAT(Follow(), IsOk());
  EXPECT_FALSE(follower_->forked());
  const uint64_t size = signer_.ledger_size();
  signer_.Truncate(size - 1);
  signer_.RevokeUnsigned(block, 0);
  signer_.RevokeUnsigned(block, 1);
  ASSERT_EQ(signer_.ledger_size(), size + 1);
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(Follow(),
                StatusIs(absl::StatusCode::kDataLoss, "ledger forked"));
    EXPECT_TRUE(follower_->forked());
    EXPECT_EQ(*real_inventory_->NextIndex(kSigner), size);
    Restart();
  }
  EXPECT_TRUE(Logged("ledger_forked"));
  EXPECT_EQ(
      real_inventory_->FindSerial(signer_.Serial(block, 1))->front().status,
      storage::CertificateStatus::kGood);
}

// What a signer loses comes back to it from here.
TEST_F(LedgerFollowerTest, KeepsTheEntriesAndTheSignersWordForThem) {
  signer_.SetPageSize(2);
  const std::string block = signer_.AddBlock(3);
  signer_.Revoke(block, 1);
  ASSERT_THAT(Follow(), IsOk());
  const uint64_t size = signer_.ledger_size();
  const auto all = real_inventory_->ReadLedger(kSigner, 0, size);
  ASSERT_THAT(all, IsOk());
  signer_.SetPageSize(1000);
  const auto page = signer_.ReadEntries(0, absl::ZeroDuration());
  EXPECT_EQ(*all, page->entries);
  const auto root = real_inventory_->LedgerRootUpTo(kSigner, size);
  ASSERT_THAT(root, IsOk());
  EXPECT_EQ(root->size, size);
  const auto said = block::HeadOf(base::AsBytes(root->signed_root));
  const auto signers = block::HeadOf(base::AsBytes(page->signed_root));
  ASSERT_THAT(said, IsOk());
  EXPECT_EQ(said->ledger_size, size);
  EXPECT_EQ(said->ledger_root, signers->ledger_root);
}

TEST_F(LedgerFollowerTest, StopsAtAnEntryThatDoesNotParse) {
  signer_.AddBlock(1);
  ASSERT_THAT(Follow(), IsOk());
  signer_.AppendRaw("not an entry");
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(Follow(), StatusIs(absl::StatusCode::kDataLoss, "entry 2"));
    EXPECT_EQ(follower_->followed(), 2u);
  }
}

TEST_F(LedgerFollowerTest, StopsAtAnEntryOutOfPlace) {
  const auto first = signer_.AddBlock(1);
  signer_.AppendRaw(signer_.ReadEntries(0, absl::ZeroDuration())->entries[0]);
  EXPECT_THAT(Follow(),
              StatusIs(absl::StatusCode::kDataLoss, "entry 2: has another"));
  EXPECT_EQ(*real_inventory_->NextIndex(kSigner), 0u);
}

TEST_F(LedgerFollowerTest, ACertificateThatCannotBeReadIsARowAllTheSame) {
  const std::string block = signer_.AddBlock(1);
  const std::string issuer = signer_.issuer().issuer_id;
  signer_.AppendRaw(ledger::EncodeEntry(
      {.index = 2,
       .time = clock_.Now(),
       .body = ledger::CertificateEntry{.imported = true,
                                        .issuer_id = issuer,
                                        .serial = "\x55",
                                        .not_after = clock_.Now(),
                                        .block_id = block,
                                        .place = 1,
                                        .block_capacity = 16,
                                        .certificate = "not DER"}}));
  ASSERT_THAT(Follow(), IsOk());
  const auto row = real_inventory_->FindCertificate(issuer, "\x55");
  ASSERT_THAT(row, IsOk());
  EXPECT_EQ(row->der, "not DER");
  EXPECT_TRUE(Logged("certificate_unreadable"));
}

TEST_F(LedgerFollowerTest, ABlockThatIsRefusedDoesNotHoldUpOthers) {
  const std::string bad = signer_.AddBlock(2);
  const std::string good = signer_.AddBlock(2);
  signer_.RefuseBlock(bad, absl::DataLossError("broken"));
  ASSERT_THAT(Follow(), IsOk());
  EXPECT_EQ(InventoryVersion(bad), 0u);
  ExpectWhole(good, 2);
  EXPECT_EQ(Row(bad, 1).der, signer_.Der(bad, 1));
  EXPECT_TRUE(Logged("block_not_fetched"));
  EXPECT_EQ(follower_->followed(), signer_.ledger_size());
}

TEST_F(LedgerFollowerTest, ABlockThatCannotBeFetchedNowIsWaitedFor) {
  const std::string block = signer_.AddBlock(2);
  signer_.Fail("GetBlock", absl::UnavailableError("busy"));
  EXPECT_THAT(Follow(), StatusIs(absl::StatusCode::kUnavailable, "busy"));
  EXPECT_EQ(*real_inventory_->NextIndex(kSigner), 0u);
  signer_.Fail("GetBlock", absl::OkStatus());
  ASSERT_THAT(Follow(), IsOk());
  ExpectWhole(block, 2);
}

TEST_F(LedgerFollowerTest, ADatabaseThatWentBackIsFilledAgain) {
  const std::string block = signer_.AddBlock(2);
  ASSERT_THAT(Follow(), IsOk());
  signer_.Revoke(block, 1);
  ASSERT_THAT(Follow(), IsOk());
  real_inventory_ = NewInventory();
  inventory_.Replace(*real_inventory_);
  ASSERT_THAT(Follow(), IsOk());
  EXPECT_TRUE(Logged("inventory_went_back"));
  ExpectWhole(block, 2);
  EXPECT_EQ(Row(block, 1).status, CertificateStatus::kRevoked);
}

// A failover that lost a block and the rows, but not where the follower was: it
// had not come so far.
TEST_F(LedgerFollowerTest, WhatWasStoredAndLostAgainIsFetched) {
  const std::string block = signer_.AddBlock(1);
  ASSERT_THAT(Follow(), IsOk());
  auto standby = NewInventory();
  inventory_.Replace(*standby);
  ASSERT_THAT(Follow(), IsOk());
  inventory_.Replace(*real_inventory_);
  ASSERT_THAT(keeper_.Store({signer_.Revoke(block, 0)}), IsOk());

  real_inventory_ = std::move(standby);
  inventory_.Replace(*real_inventory_);
  ASSERT_THAT(Follow(), IsOk());
  ExpectWhole(block, 1);
  EXPECT_EQ(Row(block, 0).status, CertificateStatus::kRevoked);
}

// The failover comes while the follower waits for the signer's next entry.
TEST_F(LedgerFollowerTest, ADatabaseThatGoesBackMeanwhileIsFilledFromThere) {
  const std::string block = signer_.AddBlock(2);
  auto standby = NewInventory();
  ASSERT_THAT(Follow(), IsOk());
  signer_.BeforeEntries([&] {
    signer_.BeforeEntries(nullptr);
    inventory_.Replace(*standby);
    signer_.Revoke(block, 1);
  });
  const auto more = follower_->Step();
  ASSERT_THAT(more, IsOk());
  EXPECT_TRUE(*more);
  EXPECT_FALSE(follower_->caught_up());
  EXPECT_TRUE(Logged("inventory_went_back"));
  real_inventory_ = std::move(standby);
  ASSERT_THAT(Follow(), IsOk());
  ExpectWhole(block, 2);
  EXPECT_EQ(Row(block, 1).status, CertificateStatus::kRevoked);
}

TEST_F(LedgerFollowerTest, WaitsAtTheEndOnly) {
  signer_.AddBlock(1);
  constexpr absl::Duration wait = absl::Seconds(2);
  EXPECT_TRUE(*follower_->Step(wait));
  EXPECT_EQ(signer_.last_wait(), absl::ZeroDuration());
  EXPECT_FALSE(*follower_->Step(wait));
  EXPECT_EQ(signer_.last_wait(), absl::Seconds(2));
}

// The signer writes a change, then the manifest that has it; whoever asked for
// both stores them in a moment.
TEST_F(LedgerFollowerTest, WhatIsStoredInAMomentIsNotFetched) {
  const std::string block = signer_.AddBlock(1);
  ASSERT_THAT(Follow(), IsOk());
  follower_.emplace(
      signer_, inventory_, keeper_, sink_, log_,
      LedgerFollower::Options{.signer = kSigner, .grace = absl::Minutes(1)});
  ASSERT_THAT(Follow(), IsOk());
  signer_.RevokeUnsigned(block, 0);
  signer_.BeforeEntries([&] {
    // The second time: it has seen a change without its manifest.
    signer_.BeforeEntries([&] {
      signer_.BeforeEntries(nullptr);
      EXPECT_THAT(keeper_.StoreSigned(*signer_.SignBlock(block)), IsOk());
    });
  });
  const int calls = signer_.calls("GetBlock");
  ASSERT_THAT(Follow(), IsOk());
  EXPECT_EQ(signer_.calls("GetBlock"), calls);
  ExpectWhole(block, 1);
  EXPECT_EQ(follower_->followed(), signer_.ledger_size());
}

// In a refresh of all blocks.
TEST_F(LedgerFollowerTest, WhatIsSignedWholeHasATimeOfItsOwn) {
  const std::string block = signer_.AddBlock(2);
  ASSERT_THAT(Follow(), IsOk());
  follower_.emplace(
      signer_, inventory_, keeper_, sink_, log_,
      LedgerFollower::Options{.signer = kSigner,
                              .grace_of_blocks = absl::Minutes(1)});
  const int fetched = signer_.calls("GetBlock");
  const auto offered = sink_.offered.size();
  const auto again = signer_.SignBlock(block);
  ASSERT_THAT(again, IsOk());
  std::thread owner([&] { EXPECT_THAT(keeper_.StoreSigned(*again), IsOk()); });
  ASSERT_THAT(Follow(), IsOk());
  owner.join();
  EXPECT_EQ(follower_->followed(), signer_.ledger_size());
  EXPECT_EQ(signer_.calls("GetBlock"), fetched);
  EXPECT_EQ(sink_.offered.size(), offered);
  // A delta has not.
  signer_.Revoke(block, 0);
  ASSERT_THAT(Follow(), IsOk());
  EXPECT_EQ(InventoryVersion(block), signer_.Version(block));
}

TEST_F(LedgerFollowerTest, WhatNobodyStoresIsFetchedAfterAMoment) {
  const std::string block = signer_.AddBlock(1);
  ASSERT_THAT(Follow(), IsOk());
  follower_.emplace(signer_, inventory_, keeper_, sink_, log_,
                    LedgerFollower::Options{.signer = kSigner,
                                            .grace = absl::Milliseconds(1)});
  signer_.Revoke(block, 0);
  ASSERT_THAT(Follow(), IsOk());
  ExpectWhole(block, 1);
}

// A responder that is filled from it must not be told that it has everything.
TEST_F(LedgerFollowerTest, ADatabaseThatWentBackIsNotWholeUntilItIsFilled) {
  signer_.AddBlock(3);
  ASSERT_THAT(Follow(), IsOk());
  real_inventory_ = NewInventory();
  inventory_.Replace(*real_inventory_);
  signer_.SetPageSize(2);
  signer_.Fail("", absl::UnavailableError("down"));
  EXPECT_FALSE(Follow().ok());
  EXPECT_FALSE(follower_->caught_up());
  signer_.Fail("", absl::OkStatus());
  EXPECT_TRUE(*follower_->Step());
  signer_.Fail("", absl::UnavailableError("down"));
  EXPECT_FALSE(Follow().ok());
  signer_.Fail("", absl::OkStatus());
  ASSERT_THAT(Follow(), IsOk());
  EXPECT_TRUE(follower_->caught_up());
}

// Issues, revokes and holds in pages of two, with the inventory failing at one
// call, before or after it: the next steps bring everything all the same.
TEST_F(LedgerFollowerTest, EachCallToTheInventoryMayFailOnce) {
  signer_.SetPageSize(2);
  const std::string block = signer_.AddBlock(2);
  signer_.Issue(block);
  signer_.Revoke(block, 0);
  signer_.Change(block, 1, StatusChange::kHold);
  const std::string other = signer_.AddBlock(1);
  signer_.RevokeUnsigned(other, 0);
  for (const bool after : {false, true}) {
    bool failed = true;
    for (int call = 0; failed; ++call) {
      real_inventory_ = NewInventory();
      inventory_.Replace(*real_inventory_);
      Restart();
      inventory_.FailAt(call, after);
      const absl::Status status = Follow();
      failed = !status.ok();
      EXPECT_EQ(failed, inventory_.calls() > call) << call;
      EXPECT_TRUE(failed || follower_->caught_up());
      inventory_.Heal();
      ASSERT_THAT(Follow(), IsOk()) << "call " << call;
      ExpectWhole(block, 3);
      ExpectWhole(other, 1);
      EXPECT_EQ(Row(block, 0).status, CertificateStatus::kRevoked);
      EXPECT_EQ(Row(block, 1).status, CertificateStatus::kHeld);
      EXPECT_EQ(Row(other, 0).status, CertificateStatus::kRevoked);
      EXPECT_EQ(*real_inventory_->NextIndex(kSigner), signer_.ledger_size());
      EXPECT_TRUE(follower_->caught_up());
    }
  }
}

}  // namespace
}  // namespace chancery::refresher
