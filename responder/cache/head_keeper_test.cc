#include "responder/cache/head_keeper.h"

#include <map>
#include <memory>
#include <sstream>
#include <string>

#include "base/testing/fake_clock.h"
#include "base/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "responder/cache/testing/issuer.h"
#include "responder/cache/testing/memory_cache_store.h"

namespace chancery::responder {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using ::testing::HasSubstr;
using testing::kIssuerTime;

class HeadKeeperTest : public ::testing::Test {
 protected:
  HeadKeeperTest() { Restart(); }

  void Restart() {
    keeper_.reset();
    keeper_ = std::make_unique<HeadKeeper>(
        ring_, store_, clock_, log_, [this] { return held_; },
        HeadKeeper::Options());
    keeper_->Load();
  }

  block::BlockId IdOf(uint8_t number) const {
    block::BlockId id{};
    std::copy_n(issuer_.id().begin(), 8, id.begin());
    id[15] = number;
    return id;
  }

  // The signer's, of now.
  block::SignedHead Head(const std::map<uint8_t, uint64_t>& versions,
                         uint64_t ledger_size = 10) const {
    return HeadOf({.time = clock_.Now(), .ledger_size = ledger_size}, versions);
  }
  block::SignedHead HeadOf(block::Head head,
                           const std::map<uint8_t, uint64_t>& versions) const {
    head.reflected_size = head.ledger_size;
    block::Index index;
    for (const auto& [number, version] : versions) {
      index.versions.emplace_back(IdOf(number), version);
    }
    return *block::SignHead(head, index, *manifest_key_);
  }

  // A block arrives.
  void Hold(uint8_t number, uint64_t version) {
    held_[IdOf(number)] = version;
    keeper_->Holds(IdOf(number), version);
  }
  void Lose(uint8_t number) {
    held_.erase(IdOf(number));
    keeper_->Lost(IdOf(number));
  }
  void Advance(absl::Duration by) {
    clock_.Advance(by);
    keeper_->Tick();
  }
  bool ready() const { return keeper_->Ready().ok(); }
  bool may_answer() const { return keeper_->may_answer(); }

  const testing::Issuer issuer_{"issuing", "Issuing"};
  const std::unique_ptr<crypto::SoftwareKey> manifest_key_ = testing::NewKey();
  block::KeySet keys_ = issuer_.KeySetWith(*manifest_key_);
  KeyRing ring_{keys_};
  testing::MemoryCacheStore store_;
  base::testing::FakeClock clock_{kIssuerTime};
  std::ostringstream lines_;
  const rpc::Log log_{{}, clock_, lines_};
  std::map<block::BlockId, uint64_t> held_;
  std::unique_ptr<HeadKeeper> keeper_;
};

TEST_F(HeadKeeperTest, AnswersNothingBeforeAHeadWasMet) {
  EXPECT_FALSE(ready());
  EXPECT_FALSE(may_answer());
  EXPECT_THAT(keeper_->Ready(),
              StatusIs(absl::StatusCode::kUnavailable, "no head"));
  ASSERT_THAT(keeper_->Put(Head({{1, 5}, {2, 7}})), IsOk());
  EXPECT_FALSE(ready());
  EXPECT_FALSE(may_answer());
  EXPECT_EQ(keeper_->standing().blocks_behind, 2u);
  Hold(1, 5);
  EXPECT_FALSE(may_answer());
  Hold(2, 8);  // Newer is as good.
  EXPECT_TRUE(ready());
  EXPECT_TRUE(may_answer());
  EXPECT_EQ(keeper_->standing().met->time, clock_.Now());
  EXPECT_EQ(keeper_->standing().blocks_behind, 0u);
}

TEST_F(HeadKeeperTest, MeetsAtOnceWhatItHoldsAlready) {
  Hold(1, 5);
  ASSERT_THAT(keeper_->Put(Head({{1, 5}})), IsOk());
  EXPECT_TRUE(ready());
}

TEST_F(HeadKeeperTest, IsNotReadyTenMinutesAfterTheHeadThatItMet) {
  ASSERT_THAT(keeper_->Put(Head({})), IsOk());
  Advance(absl::Minutes(10) - absl::Seconds(1));
  EXPECT_TRUE(ready());
  Advance(absl::Seconds(1));
  EXPECT_FALSE(ready());
  EXPECT_TRUE(may_answer());
}

TEST_F(HeadKeeperTest, AnswersNothingFourHoursAfterTheHeadThatItMet) {
  ASSERT_THAT(keeper_->Put(Head({})), IsOk());
  Advance(absl::Hours(4) - absl::Seconds(1));
  EXPECT_TRUE(may_answer());
  Advance(absl::Seconds(1));
  EXPECT_FALSE(may_answer());
  ASSERT_THAT(keeper_->Put(Head({})), IsOk());
  EXPECT_TRUE(ready());
  EXPECT_TRUE(may_answer());
}

// The refresher that brings heads and keeps one block back.
TEST_F(HeadKeeperTest, NoticesThatABlockIsWithheld) {
  Hold(1, 5);
  ASSERT_THAT(keeper_->Put(Head({{1, 5}})), IsOk());
  for (int minute = 0; minute < 10; ++minute) {
    EXPECT_TRUE(ready()) << minute;
    Advance(absl::Minutes(1));
    ASSERT_THAT(keeper_->Put(Head({{1, 6}}, 11 + minute)), IsOk());
  }
  EXPECT_FALSE(ready());
  EXPECT_EQ(keeper_->standing().blocks_behind, 1u);
  Hold(1, 6);
  EXPECT_TRUE(ready());
  EXPECT_EQ(keeper_->standing().met->time, clock_.Now());
}

// The refresher that brings nothing, or only what is old.
TEST_F(HeadKeeperTest, AHeadThatComesAgainMakesNothingYounger) {
  const block::SignedHead old = Head({});
  ASSERT_THAT(keeper_->Put(old), IsOk());
  for (int minute = 0; minute < 10; ++minute) {
    Advance(absl::Minutes(1));
    ASSERT_THAT(keeper_->Put(old), IsOk());
  }
  EXPECT_FALSE(ready());
}

TEST_F(HeadKeeperTest, RefusesAnOlderHead) {
  const block::SignedHead old = Head({});
  Advance(absl::Minutes(1));
  ASSERT_THAT(keeper_->Put(Head({{1, 5}})), IsOk());
  EXPECT_THAT(keeper_->Put(old),
              StatusIs(absl::StatusCode::kFailedPrecondition, "come before"));
  EXPECT_FALSE(ready());  // It would have been met.
  Restart();
  EXPECT_THAT(keeper_->Put(old),
              StatusIs(absl::StatusCode::kFailedPrecondition, "come before"));
}

TEST_F(HeadKeeperTest, RefusesWhatTheSignerDoesNotSay) {
  const auto put = [&](const block::Head& head) {
    return keeper_->Put(HeadOf(head, {}));
  };
  const absl::Time now = clock_.Now();
  ASSERT_THAT(put({.time = now, .ledger_size = 10}), IsOk());
  Advance(absl::Minutes(1));
  EXPECT_THAT(put({.time = now + absl::Minutes(7), .ledger_size = 10}),
              StatusIs(absl::StatusCode::kInvalidArgument, "future"));
  EXPECT_THAT(put({.time = now + absl::Minutes(1), .ledger_size = 9}),
              StatusIs(absl::StatusCode::kInvalidArgument, "ledger"));
  EXPECT_THAT(
      put({.time = now + absl::Minutes(1), .ledger_size = 10, .epoch = 0}),
      StatusIs(absl::StatusCode::kInvalidArgument, "epoch"));
  EXPECT_THAT(put({.time = now, .ledger_size = 11}),
              StatusIs(absl::StatusCode::kInvalidArgument, "same time"));
  block::SignedHead forged = Head({});
  forged.head[10] = static_cast<char>(forged.head[10] ^ 1);
  EXPECT_FALSE(keeper_->Put(forged).ok());
  EXPECT_EQ(keeper_->standing().met->time, now);
  EXPECT_THAT(lines_.str(), HasSubstr("head_refused"));
}

// New certificates all the time: each head names a version that is on its way.
TEST_F(HeadKeeperTest, IsReadyWhileBlocksAreAlwaysALittleLate) {
  Hold(1, 1);
  ASSERT_THAT(keeper_->Put(Head({{1, 1}})), IsOk());
  for (uint64_t version = 2; version < 1000; ++version) {
    Advance(absl::Seconds(1));
    ASSERT_THAT(keeper_->Put(Head({{1, version}}, version + 10)), IsOk());
    Advance(absl::Milliseconds(10));
    // One late: the newest head is never met, those before it are.
    Hold(1, version - 1);
    ASSERT_TRUE(ready()) << version;
  }
}

TEST_F(HeadKeeperTest, DoesNotWaitForABlockThatHasNoLifeAnyMore) {
  ASSERT_THAT(keeper_->Put(Head({{1, 5}, {2, 5}})), IsOk());
  Hold(2, 5);
  EXPECT_FALSE(ready());
  Advance(absl::Minutes(1));
  ASSERT_THAT(keeper_->Put(Head({{2, 6}})), IsOk());
  EXPECT_TRUE(ready());  // The first of the two is met.
}

TEST_F(HeadKeeperTest, AYoungHeadCountsAfterARestart) {
  Hold(1, 5);
  ASSERT_THAT(keeper_->Put(Head({{1, 5}})), IsOk());
  clock_.Advance(absl::Minutes(9));
  Restart();
  EXPECT_TRUE(ready());
  EXPECT_TRUE(may_answer());
}

TEST_F(HeadKeeperTest, AYoungHeadCountsOnlyWithItsBlocks) {
  Hold(1, 5);
  ASSERT_THAT(keeper_->Put(Head({{1, 5}})), IsOk());
  held_[IdOf(1)] = 4;
  Restart();
  EXPECT_FALSE(may_answer());
  Hold(1, 5);
  EXPECT_TRUE(ready());
}

TEST_F(HeadKeeperTest, AnOldHeadDoesNotCountAfterARestart) {
  ASSERT_THAT(keeper_->Put(Head({})), IsOk());
  clock_.Advance(absl::Minutes(10));
  EXPECT_TRUE(may_answer());
  Restart();
  EXPECT_FALSE(may_answer());
  ASSERT_THAT(keeper_->Put(Head({})), IsOk());
  EXPECT_TRUE(may_answer());
}

TEST_F(HeadKeeperTest, ADamagedRowIsDropped) {
  ASSERT_THAT(keeper_->Put(Head({})), IsOk());
  ASSERT_THAT(store_.Put("4", "damaged"), IsOk());
  Restart();
  EXPECT_FALSE(may_answer());
  EXPECT_THAT(lines_.str(), HasSubstr("head_dropped"));
}

TEST_F(HeadKeeperTest, IsNotReadyWhileSomethingIsLost) {
  Hold(1, 5);
  ASSERT_THAT(keeper_->Put(Head({{1, 5}})), IsOk());
  Lose(1);
  EXPECT_THAT(keeper_->Ready(),
              StatusIs(absl::StatusCode::kUnavailable, "dropped"));
  EXPECT_TRUE(may_answer());
  Hold(1, 5);
  EXPECT_TRUE(ready());
}

TEST_F(HeadKeeperTest, SaysThatItsKeySetIsOld) {
  ASSERT_THAT(
      keeper_->Put(HeadOf(
          {.time = clock_.Now(), .ledger_size = 10, .key_set_version = 2}, {})),
      IsOk());
  EXPECT_THAT(lines_.str(), HasSubstr("key_set_is_old"));
  EXPECT_TRUE(ready());
}

// TRUST 3: two signers with one ledger.
TEST_F(HeadKeeperTest, RefusesAHeadOfAnotherLedgerOfTheSameSize) {
  ASSERT_THAT(keeper_->Put(Head({{1, 5}})), IsOk());
  Advance(absl::Seconds(1));
  block::Head forked{.time = clock_.Now(), .ledger_size = 10};
  forked.ledger_root[0] = 1;
  EXPECT_THAT(keeper_->Put(HeadOf(forked, {{1, 6}})),
              StatusIs(absl::StatusCode::kInvalidArgument, "forked"));
  EXPECT_THAT(lines_.str(), HasSubstr("ERROR head_refused"));
  forked.epoch = 2;
  EXPECT_THAT(keeper_->Put(HeadOf(forked, {{1, 6}})),
              StatusIs(absl::StatusCode::kInvalidArgument, "forked"));
  EXPECT_THAT(keeper_->Put(Head({{1, 6}})), IsOk());
}

TEST_F(HeadKeeperTest, AfterAPromotionOnlyTheNewEpochIsBelieved) {
  ASSERT_THAT(keeper_->Put(Head({{1, 5}})), IsOk());
  Hold(1, 5);
  block::Manifest old{
      .block_id = IdOf(1), .issuer_id = issuer_.id(), .version = 7};
  EXPECT_THAT(keeper_->CheckEpoch(old), IsOk());
  // Whoever was promoted has a clock that is a little behind.
  const block::Head promoted{
      .time = clock_.Now() - absl::Seconds(1), .ledger_size = 11, .epoch = 2};
  ASSERT_THAT(keeper_->Put(HeadOf(promoted, {{1, 6}, {2, 3}})), IsOk());
  Advance(absl::Minutes(1));
  EXPECT_THAT(keeper_->Put(Head({{1, 8}}, 12)),
              StatusIs(absl::StatusCode::kInvalidArgument, "epoch 1"));
  // What the new signer names was signed before it came; no more of that.
  EXPECT_THAT(keeper_->CheckEpoch(old),
              StatusIs(absl::StatusCode::kPermissionDenied, "version 7"));
  old.version = 6;
  EXPECT_THAT(keeper_->CheckEpoch(old), IsOk());
  old.block_id = IdOf(3);
  EXPECT_THAT(keeper_->CheckEpoch(old),
              StatusIs(absl::StatusCode::kPermissionDenied, "epoch 1"));
  const block::Manifest next{.block_id = IdOf(1), .version = 9, .epoch = 2};
  EXPECT_THAT(keeper_->CheckEpoch(next), IsOk());
}

TEST_F(HeadKeeperTest, ASignerOfOtherIssuersHasEpochsOfItsOwn) {
  ASSERT_THAT(keeper_->Put(HeadOf(
                  {.time = clock_.Now(), .ledger_size = 10, .epoch = 2}, {})),
              IsOk());
  block::Manifest manifest{
      .block_id = IdOf(1), .issuer_id = issuer_.id(), .version = 3};
  EXPECT_THAT(keeper_->CheckEpoch(manifest),
              StatusIs(absl::StatusCode::kPermissionDenied, "epoch 1"));
  manifest.issuer_id[0] ^= 1;
  EXPECT_THAT(keeper_->CheckEpoch(manifest), IsOk());
}

// TRUST 4: what is under a removed key is not believed any more.
TEST_F(HeadKeeperTest, ForgetsAHeadWhoseKeyIsRemoved) {
  const auto next_key = testing::NewKey();
  block::KeySet both = keys_;
  both.version = 2;
  both.keys.push_back(both.keys.front());
  both.keys.back().spki = base::ToString(next_key->public_key().spki());
  ASSERT_THAT(keeper_->Put(Head({{1, 5}})), IsOk());
  Hold(1, 5);
  ASSERT_TRUE(ready());
  ring_.Replace(both);
  keeper_->KeysChanged();
  EXPECT_TRUE(ready());

  block::KeySet only = both;
  only.version = 3;
  only.keys.erase(only.keys.begin());
  ring_.Replace(only);
  keeper_->KeysChanged();
  EXPECT_FALSE(ready());
  EXPECT_FALSE(may_answer());
  EXPECT_THAT(keeper_->Put(Head({{1, 5}})),
              StatusIs(absl::StatusCode::kPermissionDenied, "key set"));
  Restart();
  EXPECT_FALSE(may_answer());
  const block::Head head{
      .time = clock_.Now(), .ledger_size = 10, .reflected_size = 10};
  ASSERT_THAT(keeper_->Put(*block::SignHead(head, {.versions = {{IdOf(1), 5}}},
                                            *next_key)),
              IsOk());
  EXPECT_TRUE(ready());
}

}  // namespace
}  // namespace chancery::responder
