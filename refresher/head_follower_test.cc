#include "refresher/head_follower.h"

#include "base/bytes.h"
#include "base/testing/status_matchers.h"
#include "block/head.h"
#include "gtest/gtest.h"
#include "refresher/block_keeper.h"
#include "refresher/ledger_follower.h"
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

  // A head is stored once its entries are.
  void FollowLedger() {
    BlockKeeper keeper(*real_inventory_, signer_);
    LedgerFollower ledger(signer_, *real_inventory_, keeper, sink_, log_,
                          {.signer = "signer"});
    absl::StatusOr<bool> more = true;
    while (more.value_or(false)) more = ledger.Step();
    EXPECT_THAT(more, IsOk());
  }

  HeadFollower follower_{signer_, inventory_, sink_, "signer"};
};

TEST_F(HeadFollowerTest, StoresEachHeadAndHandsItOn) {
  signer_.AddBlock(2);
  EXPECT_EQ(*follower_.Step(absl::ZeroDuration()), false);
  EXPECT_TRUE(follower_.waits());
  EXPECT_EQ(sink_.heads_changed, 0);
  FollowLedger();
  EXPECT_EQ(*follower_.Step(absl::ZeroDuration()), true);
  EXPECT_FALSE(follower_.waits());
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
  // The copy's end, its root there, and the head.
  for (int call = 0; call < 3; ++call) {
    for (const bool after : {false, true}) {
      inventory_.FailAt(call, after);
      EXPECT_THAT(follower_.Step(absl::ZeroDuration()),
                  StatusIs(absl::StatusCode::kUnavailable, "inventory"));
      EXPECT_EQ(follower_.newest(), absl::InfinitePast());
      inventory_.Heal();
    }
  }
  EXPECT_EQ(*follower_.Step(absl::ZeroDuration()), true);
  EXPECT_EQ(Stored().time, follower_.newest());
}

// Another signer, from an old backup, has taken the place of the one that was
// followed.
TEST_F(HeadFollowerTest, AHeadOfAnotherLedgerIsRefused) {
  const std::string block = signer_.AddBlock(2);
  signer_.Issue(block);
  FollowLedger();
  const uint64_t size = signer_.ledger_size();
  signer_.Truncate(size - 1);
  signer_.RevokeUnsigned(block, 0);
  ASSERT_EQ(signer_.ledger_size(), size);
  EXPECT_THAT(follower_.Step(absl::ZeroDuration()),
              StatusIs(absl::StatusCode::kDataLoss, "ledger forked"));
  EXPECT_TRUE(absl::IsNotFound(real_inventory_->GetHead("signer").status()));
  EXPECT_EQ(sink_.heads_changed, 0);
}

}  // namespace
}  // namespace chancery::refresher
