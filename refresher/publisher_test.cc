#include "refresher/publisher.h"

#include <string>

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

class PublisherTest : public testing::RefresherFixture {
 protected:
  Publisher publisher_{keeper_, sink_};
};

TEST_F(PublisherTest, StoresThenOffers) {
  const std::string block = signer_.AddBlock(1);
  ASSERT_THAT(keeper_.Fetch(block, 0), IsOk());
  const block::Update delta = signer_.Issue(block);
  const auto answer = publisher_.Publish({delta}, absl::Milliseconds(700));
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->responders, 1u);
  EXPECT_EQ(answer->total, 2u);
  EXPECT_EQ(sink_.last_wait, absl::Milliseconds(700));
  EXPECT_EQ(InventoryVersion(block), delta.version);
  ASSERT_THAT(sink_.offered, SizeIs(1));
  EXPECT_EQ(sink_.offered[0].content, delta.content);
}

TEST_F(PublisherTest, OffersWhatADeltaSkippedToo) {
  const std::string block = signer_.AddBlock(1);
  ASSERT_THAT(keeper_.Fetch(block, 0), IsOk());
  const block::Update first = signer_.Issue(block);
  const block::Update second = signer_.Issue(block);
  ASSERT_THAT(publisher_.Publish({second}, absl::ZeroDuration()), IsOk());
  EXPECT_THAT(sink_.Versions(block),
              ElementsAre(first.version, second.version));
}

// Responders that are caught up do not wait for the inventory, even one that is
// away; what a responder misses it must find there.
TEST_F(PublisherTest, OffersNothingToLaggardsThatIsNotStored) {
  const std::string block = signer_.AddBlock(1);
  const Updates updates = signer_.GetBlock(block, 0)->updates;
  inventory_.FailAlways();
  EXPECT_THAT(publisher_.Publish(updates, absl::ZeroDuration()),
              StatusIs(absl::StatusCode::kUnavailable, "inventory"));
  EXPECT_THAT(sink_.early, SizeIs(updates.size()));
  EXPECT_THAT(sink_.offered, IsEmpty());
  inventory_.Heal();
  EXPECT_THAT(publisher_.Publish(updates, absl::ZeroDuration()), IsOk());
  EXPECT_THAT(sink_.offered, SizeIs(1));
}

TEST_F(PublisherTest, SaysThatTheSignerIsAwayWhereItIsNeeded) {
  const std::string block = signer_.AddBlock(1);
  const block::Update delta = signer_.Issue(block);
  signer_.Fail("GetBlock", absl::UnavailableError("down"));
  EXPECT_THAT(publisher_.Publish({delta}, absl::ZeroDuration()),
              StatusIs(absl::StatusCode::kUnavailable, "down"));
}

TEST_F(PublisherTest, RefusesWhatIsNoUpdate) {
  const std::string block = signer_.AddBlock(1);
  const block::Update good = signer_.GetBlock(block, 0)->updates[0];
  const auto refused = [&](const block::Update& bad, const char* why) {
    EXPECT_THAT(publisher_.Publish({good, bad}, absl::ZeroDuration()),
                StatusIs(absl::StatusCode::kInvalidArgument, why));
  };
  block::Update bad = good;
  bad.block_id = "short";
  refused(bad, "updates.block_id: 5 bytes: must have 16");
  bad = good;
  bad.version = 0;
  refused(bad, "updates.version: 0");
  bad = good;
  bad.base_version = bad.version;
  refused(bad, "must follow base version");
  EXPECT_EQ(InventoryVersion(block), 0u);
  bad = good;
  bad.content = "nothing";
  refused(bad, "");
  EXPECT_THAT(sink_.offered, IsEmpty());
}

}  // namespace
}  // namespace chancery::refresher
