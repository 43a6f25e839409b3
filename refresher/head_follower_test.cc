#include "refresher/head_follower.h"

#include "base/bytes.h"
#include "base/testing/status_matchers.h"
#include "block/head.h"
#include "gtest/gtest.h"
#include "refresher/testing/refresher_fixture.h"

namespace chancery::refresher {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;

class HeadFollowerTest : public testing::RefresherFixture {
 protected:
  block::Head Stored() {
    const auto row = real_inventory_->GetHead("signer");
    EXPECT_THAT(row, IsOk());
    const auto head = block::HeadOf(base::AsBytes(row->head));
    EXPECT_THAT(head, IsOk());
    EXPECT_EQ(row->time, head->time);
    return *head;
  }

  HeadFollower follower_{signer_, inventory_, sink_, "signer"};
};

TEST_F(HeadFollowerTest, StoresEachHeadAndHandsItOn) {
  signer_.AddBlock(2);
  EXPECT_EQ(*follower_.Step(absl::ZeroDuration()), true);
  EXPECT_EQ(Stored().ledger_size, signer_.ledger_size());
  EXPECT_EQ(follower_.newest(), Stored().time);
  EXPECT_EQ(sink_.heads_changed, 1);
  const absl::Time first = follower_.newest();
  clock_.Advance(absl::Minutes(1));
  EXPECT_EQ(*follower_.Step(absl::ZeroDuration()), true);
  EXPECT_GT(Stored().time, first);
  EXPECT_EQ(sink_.heads_changed, 2);
}

TEST_F(HeadFollowerTest, WithoutASignerNothingChanges) {
  signer_.Fail("GetHead", absl::UnavailableError("away"));
  EXPECT_THAT(follower_.Step(absl::ZeroDuration()),
              StatusIs(absl::StatusCode::kUnavailable, "away"));
  EXPECT_EQ(follower_.newest(), absl::InfinitePast());
  EXPECT_EQ(sink_.heads_changed, 0);
}

TEST_F(HeadFollowerTest, AHeadThatCouldNotBeStoredComesAgain) {
  for (const bool after : {false, true}) {
    inventory_.FailAt(0, after);
    EXPECT_THAT(follower_.Step(absl::ZeroDuration()),
                StatusIs(absl::StatusCode::kUnavailable, "inventory"));
    EXPECT_EQ(follower_.newest(), absl::InfinitePast());
    inventory_.Heal();
  }
  EXPECT_EQ(*follower_.Step(absl::ZeroDuration()), true);
  EXPECT_EQ(Stored().time, follower_.newest());
}

}  // namespace
}  // namespace chancery::refresher
