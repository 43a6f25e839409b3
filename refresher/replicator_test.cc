#include "refresher/replicator.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/testing/status_matchers.h"
#include "block/head.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "refresher/testing/fake_responder.h"
#include "refresher/testing/refresher_fixture.h"

namespace chancery::refresher {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

class ReplicatorTest : public testing::RefresherFixture {
 protected:
  // A block in the inventory of which the responder knows nothing.
  std::string AddBlock(uint32_t members) {
    std::string block = signer_.AddBlock(members);
    EXPECT_THAT(keeper_.Fetch(block, 0), IsOk());
    return block;
  }
  // A delta in the inventory, which is not pushed.
  block::Update AddDelta(const std::string& block_id) {
    block::Update delta = signer_.Revoke(block_id, 0);
    EXPECT_THAT(keeper_.Store({delta}), IsOk());
    return delta;
  }
  void PutCrl(uint32_t shard, uint64_t number) {
    EXPECT_THAT(inventory_.PutCrl({.issuer_id = signer_.issuer().issuer_id,
                                   .shard = shard,
                                   .number = number,
                                   .this_update = clock_.Now(),
                                   .next_update = clock_.Now(),
                                   .refresh_at = clock_.Now(),
                                   .size = 3},
                                  storage::OnePiece("CRL")),
                IsOk());
  }
  // The signer's, of now, into the inventory.
  void PutHead() {
    const auto got =
        signer_.GetHead(absl::InfinitePast(), absl::ZeroDuration());
    ASSERT_THAT(got, IsOk());
    const auto head = block::HeadOf(base::AsBytes((*got)->head));
    ASSERT_THAT(head, IsOk());
    EXPECT_THAT(inventory_.PutHead("signer", {.time = head->time,
                                              .epoch = head->epoch,
                                              .head = (*got)->head,
                                              .index = (*got)->index}),
                IsOk());
  }
  bool HasAll(const std::vector<std::string>& blocks) {
    for (const std::string& block : blocks) {
      if (responder_.Content(block) != signer_.Content(block)) return false;
    }
    return true;
  }

  testing::FakeResponder responder_;
  Replicator replicator_{
      responder_,
      inventory_,
      clock_,
      {.name = "one", .address = "unix:/one", .signer = "signer"}};
};

TEST_F(ReplicatorTest, KnowsNothingAtFirst) {
  const ResponderState state = replicator_.state();
  EXPECT_EQ(state.name, "one");
  EXPECT_EQ(state.address, "unix:/one");
  EXPECT_FALSE(state.reachable);
  EXPECT_FALSE(state.caught_up);
  EXPECT_EQ(state.caught_up_at, absl::InfinitePast());
}

TEST_F(ReplicatorTest, ConvergeFillsAnEmptyResponder) {
  const std::string first = AddBlock(3);
  const std::string second = AddBlock(2);
  AddDelta(second);
  PutCrl(0, 5);
  PutHead();
  ASSERT_THAT(replicator_.Converge(), IsOk());
  EXPECT_TRUE(HasAll({first, second}));
  EXPECT_THAT(responder_.crls(),
              ElementsAre(Pair(
                  storage::CrlScope{signer_.issuer().issuer_id, 0, false}, 5)));
  const ResponderState state = replicator_.state();
  EXPECT_TRUE(state.reachable);
  EXPECT_TRUE(state.caught_up);
  EXPECT_EQ(state.caught_up_at, clock_.Now());
  EXPECT_EQ(state.blocks, 2u);
  EXPECT_EQ(state.blocks_behind, 0u);
  EXPECT_TRUE(state.lacking->empty());
  EXPECT_EQ(state.crls, 1u);
  EXPECT_EQ(state.crls_behind, 0u);
  EXPECT_EQ(state.newest_version, signer_.Version(second));
  EXPECT_TRUE(state.head.ready);
  EXPECT_EQ(state.http_address, "127.0.0.1:80");
  EXPECT_EQ(state.version, "test");
}

TEST_F(ReplicatorTest, ConvergeSendsNothingToOneThatHasAll) {
  AddBlock(1);
  PutCrl(0, 5);
  ASSERT_THAT(replicator_.Converge(), IsOk());
  ASSERT_THAT(replicator_.Converge(), IsOk());
  EXPECT_EQ(responder_.calls("Apply"), 1);
  EXPECT_EQ(responder_.calls("PutCrl"), 1);
}

TEST_F(ReplicatorTest, ConvergeSendsDeltasWhereTheyLeadOn) {
  const std::string block = AddBlock(2);
  ASSERT_THAT(replicator_.Converge(), IsOk());
  AddDelta(block);
  AddDelta(block);
  ASSERT_THAT(replicator_.Converge(), IsOk());
  EXPECT_TRUE(HasAll({block}));
  AddDelta(block);
  ASSERT_THAT(replicator_.Converge(), IsOk());
  EXPECT_TRUE(HasAll({block}));
  EXPECT_THAT(responder_.deltas(), ElementsAre(false, true, true, true));
}

TEST_F(ReplicatorTest, ConvergeSendsTheBlockWhereNoDeltaLeadsOn) {
  const std::string block = AddBlock(2);
  ASSERT_THAT(replicator_.Converge(), IsOk());
  AddDelta(block);
  clock_.Advance(absl::Hours(1));
  ASSERT_THAT(keeper_.StoreSigned(*signer_.SignBlock(block)), IsOk());
  AddDelta(block);
  ASSERT_THAT(replicator_.Converge(), IsOk());
  EXPECT_TRUE(HasAll({block}));
  EXPECT_THAT(responder_.deltas(), ElementsAre(false, false, true));
}

TEST_F(ReplicatorTest, AnEmptiedResponderIsFilledInBoundedBatches) {
  std::vector<std::string> blocks;
  size_t largest = 0;
  for (int i = 0; i < 8; ++i) {
    blocks.push_back(AddBlock(4));
    largest = std::max(largest, signer_.Content(blocks.back()).size());
  }
  const size_t limit = 2 * largest;
  Replicator bounded(responder_, inventory_, clock_, {.batch_bytes = limit});
  ASSERT_THAT(bounded.Converge(), IsOk());
  EXPECT_TRUE(HasAll(blocks));
  EXPECT_GE(responder_.calls("Apply"), 3);
  EXPECT_LE(responder_.largest_batch(), limit + largest);

  responder_.ForgetEverything();
  ASSERT_THAT(bounded.Converge(), IsOk());
  EXPECT_TRUE(HasAll(blocks));
  EXPECT_LE(responder_.largest_batch(), limit + largest);
}

TEST_F(ReplicatorTest, HandsOnTheNewestHead) {
  AddBlock(1);
  ASSERT_THAT(replicator_.Converge(), IsOk());  // There is none.
  EXPECT_THAT(responder_.heads(), IsEmpty());
  EXPECT_TRUE(replicator_.state().caught_up);
  EXPECT_FALSE(replicator_.state().head.ready);
  PutHead();
  ASSERT_THAT(replicator_.Converge(), IsOk());
  EXPECT_THAT(responder_.heads(), SizeIs(1));
  HeadStanding head = replicator_.state().head;
  EXPECT_TRUE(head.ready);
  EXPECT_EQ(head.met, clock_.Now());
  EXPECT_EQ(head.reflected_size, signer_.ledger_size());
  clock_.Advance(absl::Minutes(1));
  PutHead();
  ASSERT_THAT(replicator_.PushHead(), IsOk());
  EXPECT_THAT(responder_.heads(), SizeIs(2));
  EXPECT_EQ(replicator_.state().head.met, clock_.Now());
}

// Another refresher was faster.
TEST_F(ReplicatorTest, AHeadThatHasPassedIsNoError) {
  PutHead();
  clock_.Advance(absl::Minutes(1));
  ASSERT_THAT(responder_.PutHead(**signer_.GetHead({}, {})), IsOk());
  ASSERT_THAT(replicator_.Converge(), IsOk());
  EXPECT_TRUE(replicator_.state().caught_up);
}

TEST_F(ReplicatorTest, ARefusedBlockIsSaid) {
  const std::string good = AddBlock(1);
  const std::string bad = AddBlock(1);
  const std::string other = AddBlock(1);
  responder_.RefuseBlock(bad);
  PutHead();
  EXPECT_THAT(replicator_.Converge(),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "1 blocks and 0 CRLs behind"));
  EXPECT_TRUE(HasAll({good, other}));
  // It is told what it lacks.
  EXPECT_THAT(responder_.heads(), SizeIs(1));
  ResponderState state = replicator_.state();
  EXPECT_FALSE(state.head.ready);
  EXPECT_EQ(state.head.blocks_behind, 1u);
  EXPECT_TRUE(state.reachable);
  EXPECT_FALSE(state.caught_up);
  EXPECT_EQ(state.blocks_behind, 1u);
  ASSERT_NE(state.lacking, nullptr);
  EXPECT_EQ(state.lacking->size(), 1u);
  EXPECT_THAT(state.detail, HasSubstr("bad signature"));

  responder_.AcceptBlock(bad);
  ASSERT_THAT(replicator_.Converge(), IsOk());
  state = replicator_.state();
  EXPECT_TRUE(state.caught_up);
  EXPECT_EQ(state.blocks_behind, 0u);
  EXPECT_TRUE(state.lacking->empty());
  EXPECT_EQ(state.detail, "");
  EXPECT_TRUE(state.head.ready);
}

TEST_F(ReplicatorTest, ARefusedCrlIsSaid) {
  const std::string block = AddBlock(1);
  PutCrl(0, 5);
  responder_.RefuseCrls(true);
  EXPECT_THAT(replicator_.Converge(),
              StatusIs(absl::StatusCode::kFailedPrecondition, "1 CRLs behind"));
  EXPECT_TRUE(HasAll({block}));
  EXPECT_EQ(replicator_.state().crls_behind, 1u);
}

TEST_F(ReplicatorTest, SendsTheNewestCrlOfEachScope) {
  const std::string& issuer = signer_.issuer().issuer_id;
  PutCrl(0, 5);
  PutCrl(1, 9);
  ASSERT_THAT(replicator_.Converge(), IsOk());
  PutCrl(0, 6);
  PutCrl(0, 7);
  ASSERT_THAT(replicator_.Converge(), IsOk());
  EXPECT_THAT(responder_.crls(),
              ElementsAre(Pair(storage::CrlScope{issuer, 0, false}, 7),
                          Pair(storage::CrlScope{issuer, 1, false}, 9)));
  EXPECT_EQ(responder_.calls("PutCrl"), 3);
}

TEST_F(ReplicatorTest, PushHandsOnWhatIsNew) {
  const std::string block = AddBlock(2);
  ASSERT_THAT(replicator_.Converge(), IsOk());
  const block::Update delta = AddDelta(block);
  const auto pushed = replicator_.Push({delta});
  ASSERT_THAT(pushed, IsOk());
  EXPECT_THAT(*pushed, ElementsAre(true));
  EXPECT_TRUE(HasAll({block}));
  EXPECT_TRUE(replicator_.state().caught_up);
  EXPECT_EQ(replicator_.state().newest_version, delta.version);
  // Again does no harm.
  EXPECT_THAT(*replicator_.Push({delta}), ElementsAre(true));
}

// It may lack what the inventory will have in a moment.
TEST_F(ReplicatorTest, WhoRefusesWhatIsEarlyHasMissedNothing) {
  const std::string block = AddBlock(2);
  ASSERT_THAT(replicator_.Converge(), IsOk());
  const block::Update first = signer_.Revoke(block, 0);
  const block::Update second = signer_.Revoke(block, 1);
  EXPECT_THAT(*replicator_.PushEarly({second}), ElementsAre(false));
  EXPECT_TRUE(replicator_.state().caught_up);
  EXPECT_THAT(*replicator_.PushEarly({first, second}), ElementsAre(true, true));
  EXPECT_EQ(replicator_.state().newest_version, second.version);
  responder_.SetReachable(false);
  EXPECT_FALSE(replicator_.PushEarly({first}).ok());
  EXPECT_FALSE(replicator_.state().caught_up);
}

TEST_F(ReplicatorTest, AWholeBlockThatAConvergenceBroughtIsNotSentAgain) {
  const std::string block = AddBlock(2);
  const block::Update queued{.block_id = block,
                             .version = signer_.Version(block),
                             .content = signer_.Content(block)};
  ASSERT_THAT(replicator_.Converge(), IsOk());
  const int calls = responder_.calls("Apply");
  EXPECT_THAT(*replicator_.Push({queued}), ElementsAre(true));
  EXPECT_EQ(responder_.calls("Apply"), calls);

  // One that is newer is sent, and one that is lost, once that is known.
  const block::Update delta = AddDelta(block);
  EXPECT_THAT(*replicator_.Push({queued, delta}), ElementsAre(true, true));
  EXPECT_THAT(responder_.deltas(), ElementsAre(false, true));
  responder_.SetReachable(false);
  EXPECT_FALSE(replicator_.Push({delta}).ok());
  responder_.SetReachable(true);
  responder_.ForgetEverything();
  ASSERT_THAT(replicator_.Push({queued}), IsOk());
  EXPECT_EQ(responder_.blocks(), 1u);
}

TEST_F(ReplicatorTest, ARefusedDeltaIsRepairedFromTheInventory) {
  const std::string block = AddBlock(2);
  const std::string other = AddBlock(1);
  ASSERT_THAT(replicator_.Converge(), IsOk());
  AddDelta(block);  // It misses this one.
  const block::Update second = AddDelta(block);
  const block::Update unharmed = AddDelta(other);
  const auto pushed = replicator_.Push({second, unharmed});
  ASSERT_THAT(pushed, IsOk());
  EXPECT_THAT(*pushed, ElementsAre(true, true));
  EXPECT_TRUE(HasAll({block, other}));
  EXPECT_TRUE(replicator_.state().caught_up);
}

TEST_F(ReplicatorTest, ADeltaOfABlockItHasNotIsRepairedFromTheInventory) {
  const std::string block = AddBlock(2);
  const auto pushed = replicator_.Push({AddDelta(block)});
  ASSERT_THAT(pushed, IsOk());
  EXPECT_THAT(*pushed, ElementsAre(true));
  EXPECT_TRUE(HasAll({block}));
  EXPECT_THAT(responder_.deltas(), ElementsAre(false, true));
}

TEST_F(ReplicatorTest, WhatItRefusesForGoodIsMissed) {
  const std::string bad = AddBlock(1);
  const std::string good = AddBlock(1);
  ASSERT_THAT(replicator_.Converge(), IsOk());
  responder_.RefuseBlock(bad);
  const auto pushed = replicator_.Push({AddDelta(bad), AddDelta(good)});
  ASSERT_THAT(pushed, IsOk());
  EXPECT_THAT(*pushed, ElementsAre(false, true));
  EXPECT_TRUE(replicator_.state().reachable);
  EXPECT_FALSE(replicator_.state().caught_up);
}

TEST_F(ReplicatorTest, OneThatIsAwayCatchesUpWhenItIsBack) {
  const std::string block = AddBlock(2);
  ASSERT_THAT(replicator_.Converge(), IsOk());
  const absl::Time caught_up_at = clock_.Now();
  clock_.Advance(absl::Minutes(1));
  responder_.SetReachable(false);
  EXPECT_EQ(replicator_.Push({AddDelta(block)}).status().code(),
            absl::StatusCode::kUnavailable);
  ResponderState state = replicator_.state();
  EXPECT_FALSE(state.reachable);
  EXPECT_FALSE(state.caught_up);
  EXPECT_FALSE(state.head.ready);
  EXPECT_EQ(state.detail, "connection refused");
  EXPECT_FALSE(replicator_.Converge().ok());
  EXPECT_EQ(replicator_.state().caught_up_at, caught_up_at);

  responder_.SetReachable(true);
  ASSERT_THAT(replicator_.Converge(), IsOk());
  EXPECT_TRUE(HasAll({block}));
  state = replicator_.state();
  EXPECT_TRUE(state.reachable);
  EXPECT_TRUE(state.caught_up);
  EXPECT_EQ(state.detail, "");
  EXPECT_EQ(state.caught_up_at, clock_.Now());
}

TEST_F(ReplicatorTest, EachOfItsCallsMayFailOnce) {
  const std::string block = AddBlock(2);
  PutCrl(0, 1);
  PutHead();
  for (const char* method :
       {"GetVersions", "Apply", "PutCrl", "PutHead", "GetStatus"}) {
    responder_.ForgetEverything();
    responder_.Fail(method, absl::UnavailableError("reset"));
    EXPECT_THAT(replicator_.Converge(),
                StatusIs(absl::StatusCode::kUnavailable, "reset"))
        << method;
    EXPECT_FALSE(replicator_.state().caught_up);
    EXPECT_FALSE(replicator_.state().reachable);
    responder_.Fail(method, absl::OkStatus());
    ASSERT_THAT(replicator_.Converge(), IsOk());
    EXPECT_TRUE(HasAll({block}));
    EXPECT_TRUE(replicator_.state().caught_up);
  }
}

TEST_F(ReplicatorTest, OneThatMayNotBeLookedAtIsDescribedAllTheSame) {
  const std::string block = AddBlock(2);
  PutCrl(0, 1);
  responder_.Fail("GetStatus", absl::PermissionDeniedError("role"));
  PutHead();
  ASSERT_THAT(replicator_.Converge(), IsOk());
  const ResponderState state = replicator_.state();
  EXPECT_TRUE(state.caught_up);
  EXPECT_TRUE(state.head.ready);
  EXPECT_EQ(state.blocks, 1u);
  EXPECT_EQ(state.crls, 1u);
  EXPECT_EQ(state.newest_version, signer_.Version(block));
}

TEST_F(ReplicatorTest, WhatIsMissedWhileConvergingIsNotForgotten) {
  AddBlock(1);
  responder_.BeforeVersions([this] { replicator_.MarkMissed(); });
  ASSERT_THAT(replicator_.Converge(), IsOk());
  EXPECT_FALSE(replicator_.state().caught_up);
  responder_.BeforeVersions(nullptr);
  ASSERT_THAT(replicator_.Converge(), IsOk());
  EXPECT_TRUE(replicator_.state().caught_up);
}

// The responder is not to blame.
TEST_F(ReplicatorTest, AnInventoryThatIsAwayDoesNotMakeAResponderUnreachable) {
  const std::string block = AddBlock(2);
  ASSERT_THAT(replicator_.Converge(), IsOk());
  AddDelta(block);
  const block::Update delta = AddDelta(block);
  inventory_.FailAlways();
  EXPECT_FALSE(replicator_.Push({delta}).ok());
  EXPECT_TRUE(replicator_.state().reachable);
  EXPECT_FALSE(replicator_.state().caught_up);
  EXPECT_THAT(replicator_.Converge(),
              StatusIs(absl::StatusCode::kUnavailable, "inventory"));
  inventory_.Heal();
  for (int call = 0; call < 3; ++call) {
    inventory_.FailAt(call, false);
    EXPECT_FALSE(replicator_.Converge().ok());
    EXPECT_TRUE(replicator_.state().reachable) << call;
  }
  inventory_.Heal();
  ASSERT_THAT(replicator_.Converge(), IsOk());
  EXPECT_TRUE(HasAll({block}));
}

}  // namespace
}  // namespace chancery::refresher
