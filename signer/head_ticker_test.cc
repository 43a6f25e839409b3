#include "signer/head_ticker.h"

#include <atomic>
#include <memory>

#include "base/testing/status_matchers.h"
#include "gtest/gtest.h"
#include "signer/head_signer.h"
#include "signer/testing/signer_world.h"

namespace chancery::signer {
namespace {

using base::testing::IsOk;

constexpr absl::Duration kPatience = absl::Seconds(30);

class HeadTickerTest : public ::testing::Test {
 protected:
  HeadTickerTest() { EXPECT_THAT(world_.Issue("first"), IsOk()); }

  testing::SignerWorld world_;
  HeadSigner heads_{world_.signer.ledger(),
                    world_.signer.blocks(),
                    *world_.pki.manifest_key(),
                    {}};
};

TEST_F(HeadTickerTest, SignsAtTheStartAndWhenPoked) {
  HeadTicker ticker(
      heads_, {.interval = absl::Hours(1), .spacing = absl::Milliseconds(1)});
  const auto first = ticker.Wait(absl::InfinitePast(), kPatience);
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(ticker.Wait(first->head.time, absl::ZeroDuration()), nullptr);
  ticker.Poke();
  const auto second = ticker.Wait(first->head.time, kPatience);
  ASSERT_NE(second, nullptr);
  EXPECT_GT(second->head.time, first->head.time);
}

TEST_F(HeadTickerTest, SignsAfterAnInterval) {
  HeadTicker ticker(heads_, {.interval = absl::Milliseconds(5),
                             .spacing = absl::Milliseconds(1)});
  absl::Time last = absl::InfinitePast();
  for (int i = 0; i < 3; ++i) {
    const auto head = ticker.Wait(last, kPatience);
    ASSERT_NE(head, nullptr);
    last = head->head.time;
  }
}

TEST_F(HeadTickerTest, TriesAgainAfterAFailure) {
  std::atomic<int> failures = 0;
  // The ledger refuses a clock that is behind its last entry.
  world_.clock.Advance(-absl::Hours(1));
  HeadTicker ticker(heads_, {.interval = absl::Milliseconds(20),
                             .spacing = absl::Milliseconds(2),
                             .failed = [&](const absl::Status&) {
                               if (++failures == 2) {
                                 world_.clock.Advance(absl::Hours(1));
                               }
                             }});
  EXPECT_NE(ticker.Wait(absl::InfinitePast(), kPatience), nullptr);
  EXPECT_GE(failures, 2);
}

}  // namespace
}  // namespace chancery::signer
