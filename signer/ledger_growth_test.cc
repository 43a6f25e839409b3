#include "signer/ledger_growth.h"

#include <future>
#include <memory>
#include <vector>

#include "base/testing/fake_clock.h"
#include "base/testing/status_matchers.h"
#include "gtest/gtest.h"
#include "signer/ledger/testing/fake_kv_store.h"
#include "signer/ledger/testing/sample_certificates.h"

namespace chancery::signer {
namespace {

using base::testing::IsOk;

// Bounds a test that fails.
constexpr absl::Duration kLong = absl::Minutes(1);

class LedgerGrowthTest : public ::testing::Test {
 protected:
  LedgerGrowthTest() {
    auto opened =
        Ledger::Open(std::make_unique<testing::FakeKvStore>(disk_), clock_, {});
    EXPECT_THAT(opened, IsOk());
    ledger_ = *std::move(opened);
  }
  void Grow() {
    ASSERT_THAT(ledger_->Execute([&](Transaction& tx) {
      return testing::IssueSample(tx, {.serial = ++serial_}).status();
    }),
                IsOk());
  }
  // The size that the ledger had when the wait ended.
  static std::future<uint64_t> When(LedgerGrowth& growth, const Ledger& ledger,
                                    uint64_t size, absl::Duration wait) {
    auto promise = std::make_shared<std::promise<uint64_t>>();
    growth.When(size, wait,
                [promise, &ledger] { promise->set_value(ledger.Head().size); });
    return promise->get_future();
  }
  static bool Ended(const std::future<uint64_t>& future) {
    return future.wait_for(std::chrono::seconds(0)) ==
           std::future_status::ready;
  }

  testing::FakeDisk disk_;
  base::testing::FakeClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  uint64_t serial_ = 0;
  std::unique_ptr<Ledger> ledger_;
};

TEST_F(LedgerGrowthTest, TheNextEntryEndsEveryWait) {
  LedgerGrowth growth(*ledger_);
  Grow();
  std::vector<std::future<uint64_t>> waits;
  for (int i = 0; i < 5; ++i) {
    waits.push_back(When(growth, *ledger_, 1, kLong));
  }
  for (const auto& wait : waits) EXPECT_FALSE(Ended(wait));
  Grow();
  for (auto& wait : waits) EXPECT_EQ(wait.get(), 2u);
}

TEST_F(LedgerGrowthTest, WhatIsThereAlreadyIsNotWaitedFor) {
  LedgerGrowth growth(*ledger_);
  Grow();
  EXPECT_TRUE(Ended(When(growth, *ledger_, 0, kLong)));
  // Past the end: whoever asks is told so.
  EXPECT_TRUE(Ended(When(growth, *ledger_, 2, kLong)));
}

TEST_F(LedgerGrowthTest, EndsAfterTheTime) {
  LedgerGrowth growth(*ledger_);
  EXPECT_EQ(When(growth, *ledger_, 0, absl::Milliseconds(1)).get(), 0u);
  // A nearer deadline behind a farther one.
  const auto far = When(growth, *ledger_, 0, kLong);
  EXPECT_EQ(When(growth, *ledger_, 0, absl::Milliseconds(1)).get(), 0u);
  EXPECT_FALSE(Ended(far));
}

TEST_F(LedgerGrowthTest, OnlySoManyWait) {
  LedgerGrowth growth(*ledger_, 2);
  const auto first = When(growth, *ledger_, 0, kLong);
  const auto second = When(growth, *ledger_, 0, kLong);
  EXPECT_TRUE(Ended(When(growth, *ledger_, 0, kLong)));
  EXPECT_FALSE(Ended(first));
  EXPECT_FALSE(Ended(second));
}

TEST_F(LedgerGrowthTest, StopEndsAllAndNobodyWaitsAfterwards) {
  LedgerGrowth growth(*ledger_);
  const auto before = When(growth, *ledger_, 0, kLong);
  growth.Stop();
  EXPECT_TRUE(Ended(before));
  EXPECT_TRUE(Ended(When(growth, *ledger_, 0, kLong)));
}

TEST_F(LedgerGrowthTest, AFailedWriteEndsAll) {
  LedgerGrowth growth(*ledger_);
  auto wait = When(growth, *ledger_, 0, kLong);
  disk_.FailWrite(1, testing::FakeDisk::Failure::kBefore);
  EXPECT_FALSE(ledger_
                   ->Execute([&](Transaction& tx) {
                     return testing::IssueSample(tx, {.serial = 1}).status();
                   })
                   .ok());
  EXPECT_EQ(wait.get(), 0u);
}

}  // namespace
}  // namespace chancery::signer
