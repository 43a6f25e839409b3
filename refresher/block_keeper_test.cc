#include "refresher/block_keeper.h"

#include <set>
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
using ::testing::IsEmpty;
using ::testing::SizeIs;

class BlockKeeperTest : public testing::RefresherFixture {
 protected:
  // What the signer has of a block that nobody was told of.
  Updates Whole(const std::string& block_id) {
    return signer_.GetBlock(block_id, 0)->updates;
  }
  storage::BlockRow Row(const std::string& block_id) {
    return *real_inventory_->GetBlock(block_id);
  }
};

TEST_F(BlockKeeperTest, StoresABlockWithItsTemplatesAndTimes) {
  const std::string block = signer_.AddBlock(3);
  const auto stored = keeper_.Store(Whole(block));
  ASSERT_THAT(stored, IsOk());
  EXPECT_THAT(*stored, SizeIs(1));
  const storage::BlockRow row = Row(block);
  EXPECT_EQ(row.version, signer_.Version(block));
  EXPECT_EQ(row.data, signer_.Content(block));
  EXPECT_EQ(row.issuer_id, signer_.issuer().issuer_id);
  EXPECT_EQ(row.next_update, clock_.Now() + absl::Hours(96) - absl::Seconds(1));
  EXPECT_LE(row.refresh_at, clock_.Now() + absl::Hours(48));
  EXPECT_GE(row.refresh_at, clock_.Now() + absl::Hours(45));
  ASSERT_THAT(row.template_ids, SizeIs(1));
  EXPECT_EQ(*real_inventory_->GetTemplate(row.template_ids[0]),
            Whole(block)[0].templates[0]);
  EXPECT_EQ(InventoryVersion(block), row.version);
}

TEST_F(BlockKeeperTest, TakesTheSignersWordOnWhenToRefresh) {
  const std::string block = signer_.AddBlock(1);
  SignedUpdates updates = *signer_.GetBlock(block, 0);
  updates.refresh_at = absl::InfiniteFuture();  // Nothing in it lives.
  ASSERT_THAT(keeper_.StoreSigned(updates), IsOk());
  EXPECT_EQ(Row(block).refresh_at, absl::InfiniteFuture());
}

TEST_F(BlockKeeperTest, KeepsADeltaBesideTheBlockItLeadsFrom) {
  const std::string block = signer_.AddBlock(2);
  ASSERT_THAT(keeper_.Store(Whole(block)), IsOk());
  const block::Update delta = signer_.Revoke(block, 1);
  ASSERT_THAT(keeper_.Store({delta}), IsOk());
  const storage::BlockRow row = Row(block);
  ASSERT_THAT(row.deltas, SizeIs(1));
  EXPECT_EQ(row.deltas[0].data, delta.content);
  EXPECT_EQ(signer_.calls("GetBlock"), 1);
}

TEST_F(BlockKeeperTest, ADeltaThatOvertookAnotherIsReplacedByBoth) {
  const std::string block = signer_.AddBlock(2);
  ASSERT_THAT(keeper_.Store(Whole(block)), IsOk());
  const block::Update first = signer_.Issue(block);
  const block::Update second = signer_.Issue(block);
  const auto stored = keeper_.Store({second});
  ASSERT_THAT(stored, IsOk());
  ASSERT_THAT(*stored, SizeIs(2));
  EXPECT_EQ((*stored)[0].content, first.content);
  EXPECT_EQ((*stored)[1].content, second.content);
  EXPECT_EQ(InventoryVersion(block), second.version);

  // The one that was overtaken comes after all.
  const auto late = keeper_.Store({first});
  ASSERT_THAT(late, IsOk());
  EXPECT_EQ(InventoryVersion(block), second.version);
  EXPECT_EQ(InventoryVersion(block), second.version);
}

TEST_F(BlockKeeperTest, ADeltaOfAnUnknownBlockBringsTheBlock) {
  const std::string block = signer_.AddBlock(2);
  const block::Update delta = signer_.Issue(block);
  const auto stored = keeper_.Store({delta});
  ASSERT_THAT(stored, IsOk());
  ASSERT_THAT(*stored, SizeIs(1));
  EXPECT_FALSE((*stored)[0].is_delta());
  EXPECT_EQ(InventoryVersion(block), delta.version);
}

TEST_F(BlockKeeperTest, AnOlderBlockChangesNothing) {
  const std::string block = signer_.AddBlock(2);
  const Updates old = Whole(block);
  const block::Update delta = signer_.Issue(block);
  ASSERT_THAT(keeper_.Store({delta}), IsOk());
  ASSERT_THAT(keeper_.Store(old), IsOk());
  EXPECT_EQ(InventoryVersion(block), delta.version);
  EXPECT_EQ(InventoryVersion(block), delta.version);
}

TEST_F(BlockKeeperTest, FetchesOnlyWhatIsNew) {
  const std::string block = signer_.AddBlock(2);
  ASSERT_THAT(keeper_.Fetch(block, 0), IsOk());
  const uint64_t have = signer_.Version(block);
  EXPECT_THAT(*keeper_.Fetch(block, have), IsEmpty());
  signer_.Issue(block);
  const auto fetched = keeper_.Fetch(block, have);
  ASSERT_THAT(fetched, IsOk());
  ASSERT_THAT(*fetched, SizeIs(1));
  EXPECT_TRUE((*fetched)[0].is_delta());
}

TEST_F(BlockKeeperTest, FetchesTheBlockWhereTheInventoryHasLessThanWasThought) {
  const std::string block = signer_.AddBlock(2);
  const uint64_t have = signer_.Version(block);
  signer_.Issue(block);
  const auto fetched = keeper_.Fetch(block, have);
  ASSERT_THAT(fetched, IsOk());
  ASSERT_THAT(*fetched, SizeIs(1));
  EXPECT_FALSE((*fetched)[0].is_delta());
  EXPECT_EQ(InventoryVersion(block), signer_.Version(block));
}

TEST_F(BlockKeeperTest, FindsItsWayBackAfterTheDatabaseIsReplaced) {
  const std::string block = signer_.AddBlock(2);
  ASSERT_THAT(keeper_.Fetch(block, 0), IsOk());
  signer_.Issue(block);
  const auto other = NewInventory();
  inventory_.Replace(*other);
  keeper_.Forget();
  ASSERT_THAT(keeper_.Store({signer_.Issue(block)}), IsOk());
  const auto row = other->GetBlock(block);
  ASSERT_THAT(row, IsOk());
  EXPECT_EQ(row->data, signer_.Content(block));
  EXPECT_THAT(other->GetTemplate(row->template_ids[0]), IsOk());
}

TEST_F(BlockKeeperTest, AfterManyDeltasTheBlockIsFetchedWhole) {
  const std::string block = signer_.AddBlock(1);
  ASSERT_THAT(keeper_.Store(Whole(block)), IsOk());
  block::Update delta;
  for (int i = 0; i < BlockKeeper::kMaxDeltas; ++i) {
    delta = signer_.Revoke(block, 0);
    ASSERT_THAT(keeper_.Store({delta}), IsOk());
  }
  ASSERT_THAT(Row(block).deltas, SizeIs(BlockKeeper::kMaxDeltas));
  delta = signer_.Revoke(block, 0);
  const auto stored = keeper_.Store({delta});
  ASSERT_THAT(stored, IsOk());
  EXPECT_THAT(Row(block).deltas, IsEmpty());
  EXPECT_EQ(Row(block).version, delta.version);
  // Responders still hold its base.
  ASSERT_THAT(*stored, SizeIs(1));
  EXPECT_EQ((*stored)[0].content, delta.content);

  ASSERT_THAT(keeper_.Store({signer_.Revoke(block, 0)}), IsOk());
  EXPECT_THAT(Row(block).deltas, SizeIs(1));
}

TEST_F(BlockKeeperTest, RefusesWhatIsNotABlock) {
  const std::string block = signer_.AddBlock(1);
  Updates updates = Whole(block);
  updates[0].content = "not a block";
  EXPECT_EQ(keeper_.Store(updates).status().code(),
            absl::StatusCode::kInvalidArgument);
  updates = Whole(block);
  ++updates[0].version;
  EXPECT_THAT(keeper_.Store(updates),
              StatusIs(absl::StatusCode::kInvalidArgument, "differ"));
}

TEST_F(BlockKeeperTest, SaysWhenTheSignerHasNoSuchBlock) {
  EXPECT_THAT(keeper_.Fetch(std::string(16, 'x'), 0),
              StatusIs(absl::StatusCode::kNotFound, "block"));
}

// A block is never in the inventory without its templates, and whatever failed
// can be done again.
TEST_F(BlockKeeperTest, EachCallToTheInventoryMayFailOnce) {
  for (const bool after : {false, true}) {
    bool failed = true;
    for (int call = 0; failed; ++call) {
      const std::string block = signer_.AddBlock(1);
      const Updates whole = Whole(block);
      inventory_.FailAt(call, after);
      const absl::Status status = keeper_.Store(whole).status();
      failed = !status.ok();
      inventory_.Heal();
      if (InventoryVersion(block) != 0) {
        EXPECT_THAT(real_inventory_->GetTemplate(Row(block).template_ids[0]),
                    IsOk());
      }
      if (!failed) {
        EXPECT_GE(call, 2);
        break;
      }
      EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
      EXPECT_THAT(keeper_.Store(whole), IsOk());
      EXPECT_EQ(InventoryVersion(block), signer_.Version(block));
    }
  }
}

TEST(SpreadRefreshTest, IsNeverLaterAndAtMostASixteenthEarlier) {
  const absl::Time begin = absl::FromUnixSeconds(1'800'000'000);
  const absl::Time end = begin + absl::Hours(16);
  std::set<absl::Time> times;
  for (int i = 0; i < 100; ++i) {
    const absl::Time at =
        SpreadRefresh("block" + std::to_string(i), 7, begin, end);
    EXPECT_LE(at, end);
    EXPECT_GE(at, end - absl::Hours(1));
    EXPECT_EQ(at, SpreadRefresh("block" + std::to_string(i), 7, begin, end));
    times.insert(at);
  }
  EXPECT_GT(times.size(), 90u);
  EXPECT_EQ(SpreadRefresh("b", 7, begin, absl::InfiniteFuture()),
            absl::InfiniteFuture());
  EXPECT_EQ(SpreadRefresh("b", 7, begin, begin), begin);
}

}  // namespace
}  // namespace chancery::refresher
