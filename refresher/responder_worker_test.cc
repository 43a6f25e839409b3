// Workers and the fan-out over them.
#include "refresher/responder_worker.h"

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "base/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "refresher/fanout.h"
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

// Waits that end by themselves take no longer than the event that ends them;
// this bounds those of a test that fails.
constexpr absl::Duration kLong = absl::Seconds(60);

// Of what a worker takes down after its last call, nobody tells.
bool Comes(const std::function<bool()>& condition) {
  const absl::Time end = absl::Now() + kLong;
  while (!condition()) {
    if (absl::Now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

class ResponderWorkerTest : public testing::RefresherFixture {
 protected:
  // A responder with its replicator and its worker.
  struct Looked {
    Looked(const ResponderWorkerTest& test, ResponderWorker::Options options)
        : replicator(responder, *test.real_inventory_, test.clock_,
                     {.name = "responder", .signer = "signer"}),
          worker(replicator, test.log_, options) {}
    ~Looked() { responder.LetApplyGo(); }
    bool AwaitCaughtUp() const {
      return Comes([this] { return worker.state().caught_up; });
    }

    testing::FakeResponder responder;
    Replicator replicator;
    ResponderWorker worker;
  };

  // Converges at the start only, and when told to.
  static ResponderWorker::Options Quiet() {
    return {.converge_interval = absl::Hours(1)};
  }
  std::unique_ptr<Looked> Start(ResponderWorker::Options options = Quiet()) {
    return std::make_unique<Looked>(*this, options);
  }
  std::string AddBlock() {
    std::string block = signer_.AddBlock(1);
    EXPECT_THAT(keeper_.Fetch(block, 0), IsOk());
    return block;
  }
  block::Update AddDelta(const std::string& block_id) {
    block::Update delta = signer_.Revoke(block_id, 0);
    EXPECT_THAT(keeper_.Store({delta}), IsOk());
    return delta;
  }

  void PutCrl(const std::string& der) {
    EXPECT_THAT(
        real_inventory_->PutCrl({.issuer_id = signer_.issuer().issuer_id,
                                 .number = 4,
                                 .this_update = clock_.Now(),
                                 .next_update = clock_.Now(),
                                 .refresh_at = clock_.Now(),
                                 .size = der.size()},
                                storage::OnePiece(der)),
        IsOk());
  }

  // The test owns the workers: the set only looks.
  void Add(ResponderWorker& worker) {
    set_.Add(
        std::shared_ptr<ResponderWorker>(std::shared_ptr<void>(), &worker));
  }
  const ResponderSet& Only(ResponderWorker& worker) {
    Add(worker);
    return set_;
  }

  ResponderSet set_;
};

TEST_F(ResponderWorkerTest, ConvergesAtItsStart) {
  const std::string block = AddBlock();
  const auto one = Start();
  ASSERT_TRUE(one->AwaitCaughtUp());
  EXPECT_EQ(one->responder.Version(block), signer_.Version(block));
}

TEST_F(ResponderWorkerTest, PushesAHeadWithoutComparing) {
  const auto one = Start();
  ASSERT_TRUE(one->AwaitCaughtUp());
  HeadFollower heads(signer_, *real_inventory_, sink_, "signer");
  // Of a ledger without entries, so that it waits for none.
  ASSERT_EQ(*heads.Step(absl::ZeroDuration()), true);
  const int compared = one->responder.calls("GetVersions");
  one->worker.PushHeadSoon();
  EXPECT_TRUE(
      one->responder.Await([&] { return one->responder.heads().size() == 1; }));
  EXPECT_EQ(one->responder.calls("GetVersions"), compared);
}

TEST_F(ResponderWorkerTest, TriesAgainUntilTheResponderIsThere) {
  const std::string block = AddBlock();
  const auto one = Start({.converge_interval = absl::Hours(1),
                          .first_retry = absl::Milliseconds(1)});
  one->responder.SetReachable(false);
  one->worker.ConvergeSoon();  // It may have converged already.
  ASSERT_TRUE(one->responder.Await(
      [&] { return one->responder.calls("GetVersions") >= 4; }));
  one->responder.SetReachable(true);
  EXPECT_TRUE(one->AwaitCaughtUp());
  EXPECT_EQ(one->responder.Version(block), signer_.Version(block));
}

TEST_F(ResponderWorkerTest, ConvergesNowAndThen) {
  const auto one = Start({.converge_interval = absl::Milliseconds(1)});
  EXPECT_TRUE(one->responder.Await(
      [&] { return one->responder.calls("GetVersions") >= 5; }));
}

TEST_F(ResponderWorkerTest, WhatOneThatIsAwayMissesItGetsWhenItIsBack) {
  const std::string block = AddBlock();
  const auto one = Start({.converge_interval = absl::Milliseconds(1),
                          .first_retry = absl::Milliseconds(1)});
  ASSERT_TRUE(one->AwaitCaughtUp());
  Fanout fanout(Only(one->worker));
  one->responder.SetReachable(false);
  EXPECT_EQ(fanout.Offer({AddDelta(block)}, kLong).responders, 0u);
  one->responder.SetReachable(true);
  EXPECT_TRUE(one->responder.Await(
      [&] { return one->responder.Version(block) == signer_.Version(block); }));
}

TEST_F(ResponderWorkerTest, PushesWhatWaitsTogetherAndBeforeItEnds) {
  const std::string block = AddBlock();
  testing::FakeResponder responder;
  Replicator replicator(responder, *real_inventory_, clock_, {});
  ASSERT_THAT(replicator.Converge(), IsOk());
  auto worker = std::make_unique<ResponderWorker>(replicator, log_, Quiet());
  Fanout fanout(Only(*worker));
  ASSERT_TRUE(Comes([&] { return worker->convergences() == 1; }));
  responder.HoldApply();
  const int before = responder.calls("Apply");
  fanout.Offer({AddDelta(block)}, absl::ZeroDuration());
  EXPECT_TRUE(
      responder.Await([&] { return responder.calls("Apply") > before; }));
  fanout.Offer({AddDelta(block)}, absl::ZeroDuration());
  fanout.Offer({AddDelta(block)}, absl::ZeroDuration());
  responder.LetApplyGo();
  worker.reset();
  EXPECT_EQ(responder.Version(block), signer_.Version(block));
  EXPECT_EQ(responder.calls("Apply"), before + 2);
}

TEST_F(ResponderWorkerTest, WhatDoesNotFitTheQueueComesByConvergence) {
  const std::string block = AddBlock();
  const auto one =
      Start({.converge_interval = absl::Hours(1), .max_queued_bytes = 1});
  ASSERT_TRUE(one->AwaitCaughtUp());
  Fanout fanout(Only(one->worker));
  EXPECT_EQ(fanout.Offer({AddDelta(block)}, kLong).responders, 0u);
  EXPECT_FALSE(one->worker.state().caught_up);
  one->worker.ConvergeSoon();
  ASSERT_TRUE(one->AwaitCaughtUp());
  EXPECT_EQ(one->responder.Version(block), signer_.Version(block));
  EXPECT_EQ(one->worker.pushed(), 0u);
}

TEST_F(ResponderWorkerTest, WhatSomebodyWaitsForOvertakesWholeBlocks) {
  const std::string first = AddBlock();
  const std::string second = AddBlock();
  const std::string revoked = AddBlock();
  const auto one =
      Start({.converge_interval = absl::Hours(1), .batch_bytes = 1});
  ASSERT_TRUE(one->AwaitCaughtUp());
  testing::FakeResponder& responder = one->responder;
  const size_t before = responder.deltas().size();
  const int calls = responder.calls("Apply");
  const auto offer = [&](Updates updates, bool urgent) {
    one->worker.Offer(std::make_shared<Offering>(std::move(updates), urgent));
  };
  responder.HoldApply();
  offer(signer_.SignBlock(first)->updates, false);
  ASSERT_TRUE(
      responder.Await([&] { return responder.calls("Apply") == calls + 1; }));
  offer(signer_.SignBlock(second)->updates, false);
  offer({AddDelta(revoked)}, true);
  responder.LetApplyGo();
  ASSERT_TRUE(responder.Await(
      [&] { return responder.Version(second) == signer_.Version(second); }));
  const std::vector<bool> deltas = responder.deltas();
  EXPECT_THAT(std::vector<bool>(deltas.begin() + before, deltas.end()),
              ElementsAre(false, true, false));
}

TEST_F(ResponderWorkerTest, WhatSomebodyWaitsForOvertakesACrl) {
  const std::string revoked = AddBlock();
  const auto one = Start();
  ASSERT_TRUE(one->AwaitCaughtUp());
  testing::FakeResponder& responder = one->responder;
  // Offered when the first part of the CRL has been taken.
  responder.BeforeCrlPart([&, part = 0]() mutable {
    if (++part != 2) return;
    one->worker.Offer(std::make_shared<Offering>(Updates{AddDelta(revoked)},
                                                 /*urgent=*/true));
  });
  bool was_there = false;
  responder.AfterCrlParts([&] {
    was_there = responder.Version(revoked) == signer_.Version(revoked);
  });
  PutCrl(std::string(3 << 20, 'x'));
  one->worker.ConvergeSoon();
  ASSERT_TRUE(responder.Await([&] { return !responder.crls().empty(); }));
  EXPECT_TRUE(was_there);
}

TEST_F(ResponderWorkerTest, WholeBlocksGoInBites) {
  std::vector<std::string> blocks;
  for (int i = 0; i < 8; ++i) blocks.push_back(AddBlock());
  const size_t size = signer_.Content(blocks[0]).size();
  const auto one = Start({.converge_interval = absl::Hours(1),
                          .batch_bytes = 3 * size + size / 2});
  ASSERT_TRUE(one->AwaitCaughtUp());
  testing::FakeResponder& responder = one->responder;
  const int calls = responder.calls("Apply");
  responder.HoldApply();
  for (const std::string& block : blocks) {
    one->worker.Offer(
        std::make_shared<Offering>(signer_.SignBlock(block)->updates));
    // The first alone, so that the others wait.
    ASSERT_TRUE(
        responder.Await([&] { return responder.calls("Apply") > calls; }));
  }
  responder.LetApplyGo();
  ASSERT_TRUE(responder.Await([&] {
    return responder.Version(blocks[7]) == signer_.Version(blocks[7]);
  }));
  EXPECT_EQ(responder.calls("Apply"), calls + 4);  // 1 + 3 + 3 + 1.
}

class FanoutTest : public ResponderWorkerTest {
 protected:
  FanoutTest() {
    for (int i = 0; i < 3; ++i) {
      started_.push_back(Start());
      workers_.push_back(&started_.back()->worker);
    }
    for (ResponderWorker* worker : workers_) Add(*worker);
    fanout_ = std::make_unique<Fanout>(set_);
    for (const auto& one : started_) EXPECT_TRUE(one->AwaitCaughtUp());
  }
  testing::FakeResponder& Responder(int i) { return started_[i]->responder; }

  std::vector<std::unique_ptr<Looked>> started_;
  std::vector<ResponderWorker*> workers_;
  std::unique_ptr<Fanout> fanout_;
};

TEST_F(FanoutTest, ReturnsOnceAllHaveAnswered) {
  const std::string block = AddBlock();
  const Acknowledged answer =
      fanout_->Offer(signer_.GetBlock(block, 0)->updates, kLong);
  EXPECT_EQ(answer.responders, 3u);
  EXPECT_EQ(answer.total, 3u);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Responder(i).Version(block), signer_.Version(block));
  }
}

TEST_F(FanoutTest, CountsOnlyThoseThatTookAll) {
  const std::string block = AddBlock();
  const std::string other = AddBlock();
  Responder(1).RefuseBlock(block);
  Updates updates = signer_.GetBlock(block, 0)->updates;
  updates.push_back(signer_.GetBlock(other, 0)->updates[0]);
  EXPECT_EQ(fanout_->Offer(updates, kLong).responders, 2u);
  EXPECT_EQ(Responder(1).Version(other), signer_.Version(other));
  EXPECT_FALSE(workers_[1]->state().caught_up);
}

TEST_F(FanoutTest, ASlowResponderHoldsUpNobody) {
  const std::string block = AddBlock();
  Responder(0).HoldApply();
  std::promise<Acknowledged> promise;
  std::future<Acknowledged> answer = promise.get_future();
  std::thread offer([&] {
    promise.set_value(
        fanout_->Offer(signer_.GetBlock(block, 0)->updates, kLong));
  });
  for (const int i : {1, 2}) {
    EXPECT_TRUE(Responder(i).Await(
        [&] { return Responder(i).Version(block) == signer_.Version(block); }));
  }
  EXPECT_EQ(Responder(0).Version(block), 0u);
  // It is caught up, so its answer is waited for.
  Responder(0).LetApplyGo();
  EXPECT_EQ(answer.get().responders, 3u);
  offer.join();
}

TEST_F(FanoutTest, ALateOneIsNotWaitedForUntilItHasConverged) {
  const std::string block = AddBlock();
  Responder(0).HoldApply();
  EXPECT_EQ(
      fanout_
          ->Offer(signer_.GetBlock(block, 0)->updates, absl::Milliseconds(250))
          .responders,
      2u);
  EXPECT_FALSE(workers_[0]->state().caught_up);
  // Held still: this would take a minute if it were waited for.
  EXPECT_EQ(fanout_->Offer({AddDelta(block)}, kLong).responders, 2u);

  Responder(0).LetApplyGo();
  workers_[0]->ConvergeSoon();
  ASSERT_TRUE(started_[0]->AwaitCaughtUp());
  EXPECT_EQ(Responder(0).Version(block), signer_.Version(block));
  EXPECT_EQ(fanout_->Offer({AddDelta(block)}, kLong).responders, 3u);
}

TEST_F(FanoutTest, WhoIsCaughtUpDoesNotWaitForTheInventory) {
  const std::string block = AddBlock();
  const Updates updates = signer_.GetBlock(block, 0)->updates;
  workers_[2]->MarkLate();
  const auto answer =
      fanout_->OfferWhile(updates, kLong, [&]() -> absl::StatusOr<Updates> {
        for (const int i : {0, 1}) {
          EXPECT_TRUE(Responder(i).Await([&, i] {
            return Responder(i).Version(block) == signer_.Version(block);
          }));
        }
        EXPECT_EQ(Responder(2).calls("Apply"), 0);
        return updates;
      });
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->responders, 2u);
  EXPECT_EQ(answer->total, 3u);
  EXPECT_TRUE(Responder(2).Await(
      [&] { return Responder(2).Version(block) == signer_.Version(block); }));
}

// It lacked what the first builds on, and the inventory had no more yet.
TEST_F(FanoutTest, WhoRefusedIsHandedWhatWasStored) {
  const std::string block = AddBlock();
  const Updates updates = {signer_.Revoke(block, 0)};
  const auto answer = fanout_->OfferWhile(updates, kLong, [&] {
    for (int i = 0; i < 3; ++i) {
      EXPECT_TRUE(Responder(i).Await(
          [&, i] { return Responder(i).calls("Apply") == 1; }));
      EXPECT_EQ(Responder(i).Version(block), 0u);
    }
    return keeper_.Store(updates);
  });
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->responders, 3u);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Responder(i).Version(block), updates[0].version);
    EXPECT_TRUE(workers_[i]->state().caught_up);
  }
}

// Nobody waits for it, and nobody hears that it refuses what is early.
TEST_F(FanoutTest, WhoAnswersTooLateIsHandedWhatWasStoredToo) {
  const std::string block = AddBlock();
  const Updates updates = {signer_.Revoke(block, 0)};
  Responder(0).HoldApply();
  const auto answer = fanout_->OfferWhile(
      updates, absl::Milliseconds(1), [&] { return keeper_.Store(updates); });
  ASSERT_THAT(answer, IsOk());
  Responder(0).LetApplyGo();
  EXPECT_TRUE(Responder(0).Await(
      [&] { return Responder(0).Version(block) == updates[0].version; }));
}

TEST_F(FanoutTest, WhatCouldNotBeStoredIsSaid) {
  const std::string block = AddBlock();
  const auto answer =
      fanout_->OfferWhile(signer_.GetBlock(block, 0)->updates, kLong,
                          [&]() -> absl::StatusOr<Updates> {
                            return absl::UnavailableError("inventory away");
                          });
  EXPECT_THAT(answer, StatusIs(absl::StatusCode::kUnavailable, "away"));
}

// Whoever does not wait says nothing about who is late.
TEST_F(FanoutTest, AnOfferThatIsNotWaitedForMakesNobodyLate) {
  const std::string block = AddBlock();
  for (int i = 0; i < 3; ++i) Responder(i).HoldApply();
  EXPECT_EQ(
      fanout_->Offer(signer_.GetBlock(block, 0)->updates, absl::ZeroDuration())
          .responders,
      0u);
  for (ResponderWorker* worker : workers_) {
    EXPECT_TRUE(worker->state().caught_up);
  }
}

TEST_F(FanoutTest, OneThatIsAwayIsNotWaitedFor) {
  const std::string block = AddBlock();
  Responder(2).SetReachable(false);
  EXPECT_EQ(
      fanout_->Offer(signer_.GetBlock(block, 0)->updates, kLong).responders,
      2u);
  EXPECT_FALSE(workers_[2]->state().reachable);
  const int calls = Responder(2).calls("Apply");
  EXPECT_EQ(fanout_->Offer({AddDelta(block)}, kLong).responders, 2u);
  // Nor asked, until it has converged.
  EXPECT_EQ(Responder(2).calls("Apply"), calls);
}

TEST_F(FanoutTest, NewCrlsReachAll) {
  PutCrl("CRL");
  fanout_->CrlsChanged();
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(
        Responder(i).Await([&] { return !Responder(i).crls().empty(); }));
  }
  EXPECT_THAT(fanout_->States(), SizeIs(3));
}

}  // namespace
}  // namespace chancery::refresher
