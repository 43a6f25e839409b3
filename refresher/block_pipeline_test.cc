#include "refresher/block_pipeline.h"

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/mutex.h"
#include "base/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chancery::refresher {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAreArray;

// Gives `count` blocks named "0", "1", ...; notes what is done with each.
// Thread-safe.
class FakeStages final : public BlockStages {
 public:
  explicit FakeStages(int count) {
    for (int i = 0; i < count; ++i) left_.push_back(absl::StrCat(i));
  }

  // Set before the pipeline runs. A stage that fails does so for these blocks.
  std::map<std::string, absl::Status> sign_fails = {};
  std::map<std::string, absl::Status> store_fails = {};
  std::set<std::string> sign_refuses = {};
  std::set<std::string> store_refuses = {};
  int take_fails_at = -1;  // The number of the call.
  // Stages wait until so many are in them, or have been.
  size_t sign_gate = 0;
  size_t store_gate = 0;
  bool wait_for_renewal = false;
  std::stop_source stop = {};
  int stop_after_signing = -1;

  absl::StatusOr<std::vector<std::string>> Take(size_t room) override {
    base::MutexLock lock(mu_);
    if (takes++ == take_fails_at) return absl::UnavailableError("no database");
    std::vector<std::string> out;
    while (out.size() < room && !left_.empty()) {
      out.push_back(left_.front());
      taken.push_back(left_.front());
      in_hand_.insert(left_.front());
      left_.pop_front();
    }
    most_in_hand = std::max(most_in_hand, in_hand_.size());
    return out;
  }

  absl::StatusOr<std::optional<SignedUpdates>> Sign(
      const std::string& block_id) override {
    base::MutexLock lock(mu_);
    Enter(at_signer_, most_at_signer, sign_gate);
    while (wait_for_renewal && renewed_.count(block_id) == 0) {
      changed_.Wait(mu_);
    }
    --at_signer_;
    signed_blocks.push_back(block_id);
    if (static_cast<int>(signed_blocks.size()) == stop_after_signing) {
      stop.request_stop();
    }
    if (sign_fails.count(block_id) > 0) return CopyOf(sign_fails[block_id]);
    if (sign_refuses.count(block_id) > 0) {
      in_hand_.erase(block_id);
      return std::nullopt;
    }
    most_signed = std::max(most_signed, ++signed_not_stored_);
    return std::optional<SignedUpdates>(SignedUpdates{
        .updates = {{.block_id = block_id, .content = "signed " + block_id}}});
  }

  absl::StatusOr<bool> Store(const std::string& block_id,
                             SignedUpdates updates) override {
    base::MutexLock lock(mu_);
    EXPECT_EQ(updates.updates.at(0).content, "signed " + block_id);
    size_t most = 0;
    Enter(storing_, most, store_gate);
    --storing_;
    --signed_not_stored_;
    if (store_fails.count(block_id) > 0) return CopyOf(store_fails[block_id]);
    in_hand_.erase(block_id);
    if (store_refuses.count(block_id) > 0) return false;
    stored.push_back(block_id);
    return true;
  }

  void GiveBack(const std::string& block_id) override {
    base::MutexLock lock(mu_);
    EXPECT_EQ(in_hand_.erase(block_id), 1u) << block_id;
    given_back.push_back(block_id);
  }

  void Renew(const std::vector<std::string>& block_ids) override {
    base::MutexLock lock(mu_);
    for (const std::string& block_id : block_ids) {
      EXPECT_TRUE(in_hand_.contains(block_id)) << block_id;
      renewed_.insert(block_id);
    }
    changed_.NotifyAll();
  }

  // Read once the pipeline has returned.
  std::vector<std::string> taken = {}, signed_blocks = {}, stored = {},
                           given_back = {};
  int takes = 0;
  size_t most_in_hand = 0, most_at_signer = 0, most_signed = 0;
  std::set<std::string> in_hand() const { return in_hand_; }

 private:
  static absl::Status CopyOf(const absl::Status& status) {
    return absl::Status(status.code(), status.message());
  }

  void Enter(size_t& inside, size_t& most, size_t& gate)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    most = std::max(most, ++inside);
    if (inside >= gate) {
      gate = 0;
      changed_.NotifyAll();
    }
    while (gate != 0) changed_.Wait(mu_);
  }

  base::Mutex mu_;
  base::CondVar changed_;
  std::deque<std::string> left_;
  std::set<std::string> in_hand_, renewed_;
  size_t at_signer_ = 0, storing_ = 0, signed_not_stored_ = 0;
};

std::vector<std::string> Numbers(int first, int end) {
  std::vector<std::string> out;
  for (int i = first; i < end; ++i) out.push_back(absl::StrCat(i));
  return out;
}

TEST(BlockPipelineTest, EveryBlockIsSignedThenStored) {
  FakeStages stages(100);
  size_t reported = 0;
  const Carried carried =
      CarryBlocks(stages, {.jobs = 3, .report = [&](size_t done) {
                             EXPECT_GT(done, reported);
                             reported = done;
                           }});
  EXPECT_THAT(carried.status, IsOk());
  EXPECT_EQ(carried.done, 100u);
  EXPECT_EQ(reported, 100u);
  EXPECT_THAT(stages.taken, ::testing::ElementsAreArray(Numbers(0, 100)));
  EXPECT_THAT(stages.signed_blocks, UnorderedElementsAreArray(Numbers(0, 100)));
  EXPECT_THAT(stages.stored, UnorderedElementsAreArray(Numbers(0, 100)));
  EXPECT_THAT(stages.given_back, IsEmpty());
}

TEST(BlockPipelineTest, NothingToDoIsAskedForOnce) {
  FakeStages stages(0);
  const Carried carried = CarryBlocks(stages, {});
  EXPECT_THAT(carried.status, IsOk());
  EXPECT_EQ(carried.done, 0u);
  EXPECT_EQ(stages.takes, 1);
}

TEST(BlockPipelineTest, AsManyAreAtTheSignerAsJobsAndNoMore) {
  FakeStages stages(60);
  stages.sign_gate = 5;
  EXPECT_EQ(CarryBlocks(stages, {.jobs = 5}).done, 60u);
  EXPECT_EQ(stages.most_at_signer, 5u);
  EXPECT_LE(stages.most_in_hand, MostInHand(5));
}

TEST(BlockPipelineTest, SigningGoesOnWhileOthersAreStoredWithinABound) {
  FakeStages stages(60);
  stages.store_gate = 3 + kBeyondSigning;
  EXPECT_EQ(CarryBlocks(stages, {.jobs = 3}).done, 60u);
  EXPECT_EQ(stages.most_signed, 3 + kBeyondSigning);
  EXPECT_LE(stages.most_at_signer, 3u);
  EXPECT_LE(stages.most_in_hand, MostInHand(3));
}

TEST(BlockPipelineTest, OneBlocksFailureHoldsUpNoOther) {
  for (const bool in_store : {false, true}) {
    FakeStages stages(30);
    (in_store ? stages.store_fails : stages.sign_fails)["7"] =
        absl::UnavailableError("seven");
    const Carried carried = CarryBlocks(stages, {.jobs = 2});
    EXPECT_THAT(carried.status,
                StatusIs(absl::StatusCode::kUnavailable, "seven"));
    EXPECT_EQ(carried.done, 29u);
    EXPECT_THAT(stages.stored, SizeIs(29));
    EXPECT_THAT(stages.given_back, ElementsAre("7"));
    EXPECT_THAT(stages.in_hand(), IsEmpty());
  }
}

TEST(BlockPipelineTest, WhatIsRefusedIsNeitherDoneNorAFailure) {
  FakeStages stages(30);
  for (int i = 0; i < 20; ++i) stages.sign_refuses.insert(absl::StrCat(i));
  stages.store_refuses = {"20", "21", "22", "23"};
  const Carried carried = CarryBlocks(stages, {.jobs = 1});
  EXPECT_THAT(carried.status, IsOk());
  EXPECT_EQ(carried.done, 6u);
  EXPECT_THAT(stages.given_back, IsEmpty());
}

TEST(BlockPipelineTest, AfterAFewFailuresTheRestIsGivenBack) {
  for (const bool in_store : {false, true}) {
    FakeStages stages(100);
    for (int i = 10; i < 100; ++i) {
      (in_store ? stages.store_fails : stages.sign_fails)[absl::StrCat(i)] =
          absl::UnavailableError("down");
    }
    const Carried carried =
        CarryBlocks(stages, {.jobs = 1, .give_up_after = 3});
    EXPECT_THAT(carried.status,
                StatusIs(absl::StatusCode::kUnavailable, "down"));
    EXPECT_EQ(carried.done, 10u);
    // Those that were in other threads by then have been tried, too.
    EXPECT_LE(stages.signed_blocks.size(), 10 + 3 + 1 + kBeyondSigning);
    EXPECT_EQ(stages.given_back.size(), stages.taken.size() - 10);
    EXPECT_THAT(stages.in_hand(), IsEmpty());
  }
}

TEST(BlockPipelineTest, WhatWasTakenIsCarriedOnWhenNoMoreCanBe) {
  FakeStages stages(100);
  stages.take_fails_at = 2;
  const Carried carried = CarryBlocks(stages, {.jobs = 2});
  EXPECT_THAT(carried.status,
              StatusIs(absl::StatusCode::kUnavailable, "no database"));
  EXPECT_EQ(stages.takes, 3);
  EXPECT_EQ(carried.done, stages.taken.size());
  EXPECT_GT(carried.done, 0u);
}

TEST(BlockPipelineTest, AStopLetsEndWhatIsBegunAndGivesBackTheRest) {
  FakeStages stages(100);
  stages.stop_after_signing = 7;
  const Carried carried =
      CarryBlocks(stages, {.jobs = 2, .stop = stages.stop.get_token()});
  EXPECT_THAT(carried.status, IsOk());
  EXPECT_GE(carried.done, 7u);
  EXPECT_LE(carried.done, 8u);  // Another was at the signer.
  EXPECT_EQ(stages.stored.size(), carried.done);
  EXPECT_EQ(stages.given_back.size(), stages.taken.size() - carried.done);
  EXPECT_LT(stages.taken.size(), 100u);
  EXPECT_THAT(stages.in_hand(), IsEmpty());
}

TEST(BlockPipelineTest, LeasesAreRenewedWhileTheSignerIsSlow) {
  FakeStages stages(9);
  stages.wait_for_renewal = true;
  EXPECT_EQ(
      CarryBlocks(stages, {.jobs = 2, .renew_every = absl::Milliseconds(5)})
          .done,
      9u);
}

TEST(BlockPipelineTest, OneAfterTheOtherInTheCallersThread) {
  FakeStages stages(20);
  stages.sign_fails["3"] = absl::UnavailableError("three");
  stages.sign_refuses = {"5"};
  size_t reported = 0;
  const Carried carried = CarryBlocks(
      stages, {.jobs = 0, .max_blocks = 8, .report = [&](size_t done) {
                 reported = done;
               }});
  EXPECT_THAT(carried.status,
              StatusIs(absl::StatusCode::kUnavailable, "three"));
  EXPECT_EQ(carried.done, 6u);
  EXPECT_EQ(reported, 6u);
  EXPECT_THAT(stages.stored, ElementsAre("0", "1", "2", "4", "6", "7"));
  EXPECT_THAT(stages.given_back, ElementsAre("3"));

  FakeStages failing(20);
  for (int i = 2; i < 20; ++i) {
    failing.store_fails[absl::StrCat(i)] = absl::UnavailableError("down");
  }
  EXPECT_EQ(CarryBlocks(failing, {.jobs = 0, .max_blocks = 8}).done, 2u);
  EXPECT_THAT(failing.given_back, ::testing::ElementsAreArray(Numbers(2, 8)));
  EXPECT_THAT(failing.signed_blocks,
              ::testing::ElementsAreArray(Numbers(0, 5)));
}

TEST(BlockPipelineTest, NoMoreThanAskedFor) {
  FakeStages stages(100);
  EXPECT_EQ(CarryBlocks(stages, {.jobs = 4, .max_blocks = 10}).done, 10u);
  EXPECT_THAT(stages.taken, ::testing::ElementsAreArray(Numbers(0, 10)));
}

}  // namespace
}  // namespace chancery::refresher
