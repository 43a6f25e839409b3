#include "refresher/once.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/testing/status_matchers.h"
#include "block/head.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "refresher/head_follower.h"
#include "refresher/testing/fake_responder.h"
#include "refresher/testing/refresher_fixture.h"

namespace chancery::refresher {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr absl::Duration kAllIsDue = absl::Hours(24 * 5);

class OnceTest : public testing::RefresherFixture {
 protected:
  // A run as of a new process.
  absl::Status Run(size_t max_blocks = 16) {
    BlockKeeper keeper(inventory_, signer_);
    LedgerFollower follower(signer_, inventory_, keeper, sink_, log_,
                            {.signer = "signer"});
    BlockRefresher blocks(signer_, inventory_, keeper, sink_, clock_, log_,
                          {.owner = "once", .max_blocks = max_blocks});
    CrlRefresher crls(signer_, inventory_, sink_, clock_, log_, {});
    HeadFollower heads(signer_, inventory_, sink_, "signer");
    Replicator first(responders_[0], *real_inventory_, clock_,
                     {.name = "first", .signer = "signer"});
    Replicator second(responders_[1], *real_inventory_, clock_,
                      {.name = "second", .signer = "signer"});
    reports_.clear();
    return RunOnce(
        {.signer = signer_,
         .inventory = inventory_,
         .follower = follower,
         .blocks = blocks,
         .crls = crls,
         .heads = heads,
         .responders = {&first, &second},
         .clock = clock_},
        [this](absl::string_view stage, uint64_t done, uint64_t total) {
          EXPECT_LE(done, total) << stage;
          reports_[std::string(stage)] = {done, total};
        });
  }
  void ExpectFreshEverywhere(const std::string& block) {
    for (auto& responder : responders_) {
      EXPECT_EQ(responder.Content(block), signer_.Content(block));
      EXPECT_THAT(responder.crls(), SizeIs(1));
      EXPECT_TRUE(responder.GetStatus()->head.ready);
    }
  }

  testing::FakeResponder responders_[2];
  // Stage -> what was reported of it last.
  std::map<std::string, std::pair<uint64_t, uint64_t>> reports_;
};

TEST_F(OnceTest, ANewClusterBecomesFreshInOneRun) {
  signer_.SetPageSize(2);
  const std::string block = signer_.AddBlock(3);
  ASSERT_THAT(Run(), IsOk());
  ExpectFreshEverywhere(block);
  using Report = std::pair<uint64_t, uint64_t>;
  // With what the run itself had signed, which its head is about.
  EXPECT_EQ(reports_["ledger"], Report(5, 5));
  EXPECT_EQ(reports_["blocks"], Report(0, 0));
  EXPECT_EQ(reports_["responders"], Report(2, 2));
  EXPECT_THAT(signer_.signed_blocks(), IsEmpty());
}

TEST_F(OnceTest, ARunSignsAllThatIsDue) {
  std::vector<std::string> blocks;
  for (int i = 0; i < 5; ++i) blocks.push_back(signer_.AddBlock(1));
  ASSERT_THAT(Run(), IsOk());
  clock_.Advance(kAllIsDue);
  ASSERT_THAT(Run(2), IsOk());
  EXPECT_THAT(signer_.signed_blocks(), SizeIs(5));
  EXPECT_EQ(reports_["blocks"], std::make_pair(uint64_t{5}, uint64_t{5}));
  for (const std::string& block : blocks) ExpectFreshEverywhere(block);
  for (const auto& responder : responders_) {
    EXPECT_EQ(responder.crls().begin()->second, 2u);
  }
  // Nothing is left to do.
  ASSERT_THAT(Run(), IsOk());
  EXPECT_THAT(signer_.signed_blocks(), SizeIs(5));
}

TEST_F(OnceTest, ARevocationIsInACrlAtOnce) {
  const std::string block = signer_.AddBlock(2);
  ASSERT_THAT(Run(), IsOk());
  signer_.Revoke(block, 1);
  ASSERT_THAT(Run(), IsOk());
  ExpectFreshEverywhere(block);
  EXPECT_EQ(responders_[0].crls().begin()->second, 2u);
}

TEST_F(OnceTest, AResponderThatIsAwayFailsTheRunAndNotTheOther) {
  const std::string block = signer_.AddBlock(2);
  responders_[0].SetReachable(false);
  EXPECT_THAT(
      Run(), StatusIs(absl::StatusCode::kUnavailable, "responder \"first\": "));
  EXPECT_EQ(responders_[1].Content(block), signer_.Content(block));
  EXPECT_TRUE(responders_[1].GetStatus()->head.ready);
  responders_[0].SetReachable(true);
  ASSERT_THAT(Run(), IsOk());
  ExpectFreshEverywhere(block);
}

TEST_F(OnceTest, AResponderThatRefusesFailsTheRun) {
  const std::string block = signer_.AddBlock(2);
  responders_[1].RefuseBlock(block);
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kFailedPrecondition,
                              "responder \"second\": "));
}

TEST_F(OnceTest, WithoutTheSignerRespondersAreFilledFromTheInventory) {
  const std::string block = signer_.AddBlock(2);
  ASSERT_THAT(Run(), IsOk());
  signer_.Fail("", absl::UnavailableError("down"));
  for (auto& responder : responders_) responder.ForgetEverything();
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kUnavailable, "down"));
  ExpectFreshEverywhere(block);
}

TEST_F(OnceTest, AResponderThatLacksSomethingOfTheHeadFailsTheRun) {
  signer_.AddBlock(2);
  // The ledger is not followed and the list does not come: nobody knows of it
  // but the head.
  signer_.Fail("ReadEntries", absl::UnavailableError("down"));
  signer_.Fail("ListBlocks", absl::UnavailableError("down"));
  const auto head = signer_.GetHead(absl::InfinitePast(), absl::ZeroDuration());
  ASSERT_THAT(head, IsOk());
  ASSERT_THAT(
      real_inventory_->PutHead(
          "signer", {.time = block::HeadOf(base::AsBytes((*head)->head))->time,
                     .epoch = 1,
                     .head = (*head)->head,
                     .index = (*head)->index}),
      IsOk());
  EXPECT_FALSE(Run().ok());
  EXPECT_FALSE(responders_[0].GetStatus()->head.ready);
  EXPECT_EQ(responders_[0].GetStatus()->head.blocks_behind, 1u);
}

TEST_F(OnceTest, ARefusedBlockFailsTheRunAndKeepsNoOtherFromBeingSigned) {
  std::vector<std::string> blocks;
  for (int i = 0; i < 3; ++i) blocks.push_back(signer_.AddBlock(1));
  ASSERT_THAT(Run(), IsOk());
  clock_.Advance(absl::Hours(48));  // All are due and none is overdue.
  std::sort(blocks.begin(), blocks.end(), [this](const auto& a, const auto& b) {
    return real_inventory_->GetBlock(a)->refresh_at <
           real_inventory_->GetBlock(b)->refresh_at;
  });
  signer_.RefuseBlock(blocks[0], absl::FailedPreconditionError("no key"));
  EXPECT_THAT(Run(1), StatusIs(absl::StatusCode::kFailedPrecondition,
                               "blocks: one has been due since"));
  EXPECT_THAT(signer_.signed_blocks(), ElementsAre(blocks[1], blocks[2]));
  ExpectFreshEverywhere(blocks[1]);
  ExpectFreshEverywhere(blocks[2]);
}

TEST_F(OnceTest, ABlockThatAnotherHasInHandFailsTheRun) {
  signer_.AddBlock(1);
  ASSERT_THAT(Run(), IsOk());
  clock_.Advance(absl::Hours(48));
  ASSERT_THAT(*real_inventory_->LeaseDueBlocks("daemon", clock_.Now(),
                                               absl::Minutes(1), 9),
              SizeIs(1));
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kFailedPrecondition,
                              "blocks: one has been due since"));
}

TEST_F(OnceTest, ACrlThatIsNotSignedFailsTheRun) {
  const std::string block = signer_.AddBlock(1);
  signer_.RefuseBlock("crl 0", absl::FailedPreconditionError("too large"));
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kFailedPrecondition,
                              "CRL of issuer \"issuing\": too large"));
  EXPECT_EQ(responders_[0].Content(block), signer_.Content(block));
}

}  // namespace
}  // namespace chancery::refresher
