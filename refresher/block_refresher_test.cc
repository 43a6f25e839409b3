#include "refresher/block_refresher.h"

#include <optional>
#include <stop_token>
#include <string>
#include <thread>
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
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using ::testing::UnorderedElementsAreArray;

// The signer's blocks want to be signed again after so long.
constexpr absl::Duration kRefreshAfter = absl::Hours(48);

class BlockRefresherTest : public testing::RefresherFixture {
 protected:
  BlockRefresherTest() { Make({.owner = "one"}); }

  void Make(BlockRefresher::Options options) {
    refresher_.emplace(signer_, inventory_, keeper_, sink_, clock_, log_,
                       std::move(options));
  }
  // A block in the inventory.
  std::string AddBlock() {
    std::string block = signer_.AddBlock(1);
    EXPECT_THAT(keeper_.Fetch(block, 0), IsOk());
    return block;
  }
  std::vector<std::string> AddBlocks(int count) {
    std::vector<std::string> blocks;
    for (int i = 0; i < count; ++i) blocks.push_back(AddBlock());
    return blocks;
  }
  std::vector<std::string> Lease(const std::string& owner) {
    return *real_inventory_->LeaseDueBlocks(owner, clock_.Now(),
                                            absl::Minutes(1), 100);
  }

  std::optional<BlockRefresher> refresher_;
};

TEST_F(BlockRefresherTest, NothingIsSignedBeforeItIsDue) {
  AddBlock();
  clock_.Advance(kRefreshAfter * 15 / 16 - absl::Seconds(1));
  EXPECT_EQ(*refresher_->Step(), 0u);
  EXPECT_THAT(signer_.signed_blocks(), IsEmpty());
}

TEST_F(BlockRefresherTest, DueBlocksAreSignedStoredAndOffered) {
  const std::string first = AddBlock();
  const std::string second = AddBlock();
  clock_.Advance(kRefreshAfter);
  const std::string fresh = AddBlock();
  const auto done = refresher_->Step();
  ASSERT_THAT(done, IsOk());
  EXPECT_EQ(*done, 2u);
  EXPECT_EQ(refresher_->signed_blocks(), 2u);
  EXPECT_THAT(signer_.signed_blocks(), UnorderedElementsAre(first, second));
  for (const std::string& block : {first, second}) {
    EXPECT_EQ(real_inventory_->GetBlock(block)->data, signer_.Content(block));
    EXPECT_THAT(sink_.Versions(block), ElementsAre(signer_.Version(block)));
  }
  EXPECT_EQ(sink_.last_wait, absl::ZeroDuration());
  EXPECT_EQ(*refresher_->Step(), 0u);
  EXPECT_GT(*real_inventory_->EarliestRefresh(), clock_.Now());
  EXPECT_THAT(sink_.Versions(fresh), IsEmpty());
}

TEST_F(BlockRefresherTest, SoManyAtATime) {
  Make({.owner = "one", .max_blocks = 2});
  const std::vector<std::string> blocks = AddBlocks(5);
  clock_.Advance(kRefreshAfter);
  EXPECT_EQ(*refresher_->Step(), 2u);
  EXPECT_THAT(Lease("two"), SizeIs(3));
  clock_.Advance(absl::Minutes(2));  // The other is dead.
  EXPECT_EQ(*refresher_->Step(), 2u);
  EXPECT_EQ(*refresher_->Step(), 1u);
  EXPECT_EQ(*refresher_->Step(), 0u);
  EXPECT_THAT(signer_.signed_blocks(), UnorderedElementsAreArray(blocks));
}

TEST_F(BlockRefresherTest, ALeaseOfAnotherIsRespectedUntilItEnds) {
  const std::string theirs = AddBlock();
  clock_.Advance(kRefreshAfter);
  ASSERT_THAT(Lease("two"), ElementsAre(theirs));
  EXPECT_EQ(*refresher_->Step(), 0u);
  clock_.Advance(absl::Minutes(1));
  EXPECT_EQ(*refresher_->Step(), 1u);
  EXPECT_THAT(signer_.signed_blocks(), ElementsAre(theirs));
}

TEST_F(BlockRefresherTest, ARefusedBlockIsTriedLaterAndHoldsUpNoOther) {
  Make({.owner = "one", .max_blocks = 1});
  const std::string bad = AddBlock();
  clock_.Advance(absl::Hours(4));  // So that the refused one is the oldest.
  const std::string good = AddBlock();
  clock_.Advance(kRefreshAfter);
  signer_.RefuseBlock(bad, absl::FailedPreconditionError("no key"));
  EXPECT_EQ(*refresher_->Step(), 0u);
  EXPECT_EQ(refresher_->refused_blocks(), 1u);
  EXPECT_TRUE(Logged("block_not_signed"));
  EXPECT_EQ(*refresher_->Step(), 1u);
  EXPECT_THAT(signer_.signed_blocks(), ElementsAre(good));

  // Left alone, whatever is wrong with it.
  signer_.RefuseBlock(bad, absl::OkStatus());
  EXPECT_EQ(*refresher_->Step(), 0u);
  EXPECT_EQ(*refresher_->Reconcile(), 0u);
  clock_.Advance(absl::Minutes(5));
  EXPECT_EQ(*refresher_->Step(), 1u);
  EXPECT_EQ(InventoryVersion(bad), signer_.Version(bad));
}

TEST_F(BlockRefresherTest, ABlockThatFailsHoldsUpNoOther) {
  const std::vector<std::string> blocks = AddBlocks(12);
  clock_.Advance(kRefreshAfter);
  signer_.RefuseBlock(blocks[0], absl::UnavailableError("changes too fast"));
  EXPECT_THAT(refresher_->Step(),
              StatusIs(absl::StatusCode::kUnavailable, "changes too fast"));
  EXPECT_THAT(signer_.signed_blocks(),
              UnorderedElementsAreArray(blocks.begin() + 1, blocks.end()));
  EXPECT_EQ(refresher_->refused_blocks(), 0u);
  EXPECT_THAT(Lease("two"), ElementsAre(blocks[0]));
}

TEST_F(BlockRefresherTest, WhatWasSignedAndIsNotTheBlockIsLeftAlone) {
  const std::string block = AddBlock();
  clock_.Advance(kRefreshAfter);
  signer_.AnswerWithAnother(block);
  EXPECT_EQ(*refresher_->Step(), 0u);
  EXPECT_EQ(refresher_->refused_blocks(), 1u);
  EXPECT_TRUE(Logged("block_not_signed"));
  EXPECT_THAT(sink_.Versions(block), IsEmpty());
}

TEST_F(BlockRefresherTest, AStopGivesBackWhatIsNotBegun) {
  const std::vector<std::string> blocks = AddBlocks(3);
  clock_.Advance(kRefreshAfter);
  std::stop_source stop;
  stop.request_stop();
  Make({.owner = "one", .stop = stop.get_token()});
  EXPECT_EQ(*refresher_->Step(), 0u);
  EXPECT_THAT(signer_.signed_blocks(), IsEmpty());
  EXPECT_THAT(Lease("two"), UnorderedElementsAreArray(blocks));
}

TEST_F(BlockRefresherTest, TwoThatShareAnInventorySignNothingTwice) {
  const std::vector<std::string> blocks = AddBlocks(40);
  clock_.Advance(kRefreshAfter);
  const auto other_inventory = OpenAgain();
  BlockKeeper other_keeper(*other_inventory, signer_);
  BlockRefresher other(signer_, *other_inventory, other_keeper, sink_, clock_,
                       log_, {.owner = "two", .jobs = 3});
  Make({.owner = "one", .jobs = 2});
  absl::StatusOr<size_t> theirs = 0;
  std::thread beside([&] { theirs = other.Step(); });
  const absl::StatusOr<size_t> ours = refresher_->Step();
  beside.join();
  ASSERT_THAT(ours, IsOk());
  ASSERT_THAT(theirs, IsOk());
  EXPECT_EQ(*ours + *theirs, blocks.size());
  EXPECT_THAT(signer_.signed_blocks(), UnorderedElementsAreArray(blocks));
}

TEST_F(BlockRefresherTest, SaysHowFarItIs) {
  AddBlocks(5);
  clock_.Advance(kRefreshAfter);
  size_t last = 0;
  EXPECT_EQ(*refresher_->Step([&](size_t done) {
    EXPECT_GT(done, last);
    last = done;
  }),
            5u);
  EXPECT_EQ(last, 5u);
}

TEST_F(BlockRefresherTest, WithoutTheSignerLeasesAreGivenBack) {
  const std::vector<std::string> blocks = AddBlocks(3);
  clock_.Advance(kRefreshAfter);
  signer_.Fail("SignBlock", absl::UnavailableError("down"));
  EXPECT_THAT(refresher_->Step(),
              StatusIs(absl::StatusCode::kUnavailable, "down"));
  EXPECT_THAT(Lease("two"), UnorderedElementsAreArray(blocks));
}

TEST_F(BlockRefresherTest, SignsAtLeastOnceWhateverCallToTheInventoryFails) {
  const std::string block = AddBlock();
  for (const bool after : {false, true}) {
    bool failed = true;
    for (int call = 0; failed; ++call) {
      clock_.Advance(kRefreshAfter);
      inventory_.FailAt(call, after);
      failed = false;
      for (size_t done = 1; !failed && done > 0;) {
        const auto step = refresher_->Step();
        failed = !step.ok();
        done = step.value_or(0);
      }
      EXPECT_EQ(failed, inventory_.calls() > call);
      inventory_.Heal();
      while (*refresher_->Step() > 0) {
      }
      EXPECT_GT(*real_inventory_->EarliestRefresh(), clock_.Now());
      EXPECT_EQ(InventoryVersion(block), signer_.Version(block));
      // Otherwise responders find it in the inventory when they converge.
      if (!after) {
        EXPECT_EQ(sink_.Versions(block).back(), signer_.Version(block));
      }
      if (!failed) {
        EXPECT_GE(call, 3);
      }
    }
  }
}

TEST_F(BlockRefresherTest, ReconcileFillsALostInventory) {
  const std::vector<std::string> blocks = AddBlocks(3);
  signer_.Revoke(blocks[1], 0);
  real_inventory_ = NewInventory();
  inventory_.Replace(*real_inventory_);
  EXPECT_EQ(*refresher_->Reconcile(), 3u);
  for (const std::string& block : blocks) {
    EXPECT_EQ(InventoryVersion(block), signer_.Version(block));
    EXPECT_THAT(sink_.Versions(block), ElementsAre(signer_.Version(block)));
  }
  EXPECT_THAT(signer_.signed_blocks(), IsEmpty());
  EXPECT_EQ(*refresher_->Reconcile(), 0u);
}

TEST_F(BlockRefresherTest, ReconcileBringsWhatIsOlder) {
  const std::vector<std::string> blocks = AddBlocks(2);
  const block::Update missed = signer_.Revoke(blocks[1], 0);
  EXPECT_EQ(*refresher_->Reconcile(), 1u);
  EXPECT_EQ(InventoryVersion(blocks[1]), missed.version);
  ASSERT_THAT(sink_.offered, SizeIs(1));
  EXPECT_EQ(sink_.offered[0].content, missed.content);
}

// Expired certificates leave: nothing of theirs is signed, kept or fetched.
TEST_F(BlockRefresherTest, AnEndedBlockIsNeverSignedAndThenDropped) {
  const std::string ended = AddBlock();
  signer_.EndBlock(ended);
  ASSERT_THAT(refresher_->Reconcile(), IsOk());
  EXPECT_EQ(InventoryVersion(ended), signer_.Version(ended));
  const absl::Time last = real_inventory_->GetBlock(ended)->next_update;
  clock_.Advance(last - clock_.Now());
  EXPECT_EQ(*refresher_->Step(), 0u);
  // The last response of another member may have ended this very second.
  ASSERT_THAT(refresher_->Reconcile(), IsOk());
  EXPECT_NE(InventoryVersion(ended), 0u);
  clock_.Advance(absl::Hours(2));
  ASSERT_THAT(refresher_->Reconcile(), IsOk());
  EXPECT_EQ(InventoryVersion(ended), 0u);
  EXPECT_TRUE(Logged("ended_blocks_dropped"));
  // The signer's list still has it.
  EXPECT_EQ(*refresher_->Reconcile(), 0u);
  EXPECT_EQ(InventoryVersion(ended), 0u);
  EXPECT_THAT(signer_.signed_blocks(), IsEmpty());
}

TEST_F(BlockRefresherTest, ReconcileGoesOnAfterABlockThatIsRefused) {
  const std::string bad = signer_.AddBlock(1);
  const std::string good = signer_.AddBlock(1);
  signer_.RefuseBlock(bad, absl::DataLossError("broken"));
  EXPECT_EQ(*refresher_->Reconcile(), 1u);
  EXPECT_EQ(InventoryVersion(good), signer_.Version(good));
  EXPECT_TRUE(Logged("block_not_fetched"));
}

TEST_F(BlockRefresherTest, ReconcileSignsAllThatIsOverdue) {
  const std::vector<std::string> blocks = AddBlocks(12);
  Make({.owner = "one", .max_blocks = 2});
  clock_.Advance(kRefreshAfter + absl::Minutes(5));
  EXPECT_EQ(*refresher_->Reconcile(), blocks.size());
  EXPECT_THAT(signer_.signed_blocks(), UnorderedElementsAreArray(blocks));
}

TEST_F(BlockRefresherTest, ReconcileSaysThatTheSignerIsAway) {
  signer_.AddBlock(1);
  for (const char* method : {"ListBlocks", "GetBlock"}) {
    signer_.Fail(method, absl::UnavailableError("down"));
    EXPECT_THAT(refresher_->Reconcile(),
                StatusIs(absl::StatusCode::kUnavailable, "down"));
    signer_.Fail(method, absl::OkStatus());
  }
}

// TRUST 4: a removed key's blocks are refused, so that each is signed anew
// before, though nothing in it changes and none is due for days.
TEST_F(BlockRefresherTest, WhatAFormerManifestKeySignedIsSignedAgainSoon) {
  Make({.owner = "one",
        .by_former_key_apart = absl::Seconds(10),
        .by_former_key_within = absl::Minutes(1)});
  const std::vector<std::string> few = AddBlocks(2);
  EXPECT_EQ(refresher_->by_former_key(), std::nullopt);
  ASSERT_THAT(refresher_->Reconcile(), IsOk());
  EXPECT_EQ(refresher_->by_former_key(), 0u);
  EXPECT_EQ(*refresher_->Step(), 0u);

  signer_.ChangeManifestKey();
  refresher_->ForgetFormerKey();
  EXPECT_EQ(refresher_->by_former_key(), std::nullopt);
  ASSERT_THAT(refresher_->Reconcile(), IsOk());
  EXPECT_EQ(refresher_->by_former_key(), 2u);
  EXPECT_EQ(*refresher_->Step(), 1u);
  // Another look does not put the other one off.
  clock_.Advance(absl::Seconds(9));
  ASSERT_THAT(refresher_->Reconcile(), IsOk());
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(*refresher_->Step(), 1u);
  ASSERT_THAT(refresher_->Reconcile(), IsOk());
  EXPECT_EQ(refresher_->by_former_key(), 0u);
  EXPECT_THAT(signer_.signed_blocks(), UnorderedElementsAreArray(few));
  for (const std::string& block : few) {
    EXPECT_EQ(real_inventory_->GetBlock(block)->data, signer_.Content(block));
    EXPECT_THAT(sink_.Versions(block), ElementsAre(signer_.Version(block)));
  }
  EXPECT_EQ(*refresher_->Step(), 0u);

  // Many are closer together.
  AddBlocks(28);
  signer_.ChangeManifestKey();
  ASSERT_THAT(refresher_->Reconcile(), IsOk());
  EXPECT_EQ(refresher_->by_former_key(), 30u);
  EXPECT_LT(*refresher_->Step(), 3u);
  clock_.Advance(absl::Minutes(1));
  EXPECT_GT(*refresher_->Step(), 27u);
  EXPECT_EQ(signer_.signed_blocks().size(), 32u);
}

// Someone holds the lease and does nothing, or the inventory's times are wrong.
TEST_F(BlockRefresherTest, WhatIsOverdueIsSignedWhoeverHasTheLease) {
  const std::string block = AddBlock();
  clock_.Advance(kRefreshAfter + absl::Minutes(5) - absl::Seconds(1));
  ASSERT_THAT(Lease("two"), ElementsAre(block));
  EXPECT_EQ(*refresher_->Reconcile(), 0u);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(*refresher_->Reconcile(), 1u);
  EXPECT_THAT(signer_.signed_blocks(), ElementsAre(block));
  EXPECT_EQ(InventoryVersion(block), signer_.Version(block));
  EXPECT_THAT(sink_.Versions(block), ElementsAre(signer_.Version(block)));
}

}  // namespace
}  // namespace chancery::refresher
