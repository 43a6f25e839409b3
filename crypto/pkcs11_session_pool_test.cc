#include "crypto/pkcs11_session_pool.h"

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "base/testing/fake_clock.h"
#include "base/testing/status_matchers.h"
#include "crypto/testing/soft_hsm.h"
#include "gtest/gtest.h"

namespace chancery::crypto {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using testing::kSoftHsmModule;
using testing::kSoftHsmPin;
using testing::SoftHsm;

class Pkcs11SessionPoolTest : public ::testing::Test {
 protected:
  void SetUp() override {
    hsm_.AddToken("t");
    auto module = Pkcs11Module::Load(kSoftHsmModule);
    ASSERT_THAT(module, IsOk());
    auto uri = ParsePkcs11Uri(SoftHsm::Uri("t"));
    ASSERT_THAT(uri, IsOk());
    auto pool = Pkcs11SessionPool::Open(*module, *uri,
                                        base::Secret(std::string(kSoftHsmPin)),
                                        {.max_sessions = 2,
                                         .wait = std::chrono::milliseconds(50),
                                         .clock = &clock_});
    ASSERT_THAT(pool, IsOk());
    pool_ = *std::move(pool);
  }

  SoftHsm hsm_;
  base::testing::FakeClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  std::unique_ptr<Pkcs11SessionPool> pool_;
};

TEST_F(Pkcs11SessionPoolTest, LendsTheLastReturnedFirst) {
  CK_SESSION_HANDLE last;
  {
    const auto first = pool_->Take();
    ASSERT_THAT(first, IsOk());
    const auto second = pool_->Take();
    ASSERT_THAT(second, IsOk());
    EXPECT_NE(first->session(), second->session());
    last = first->session();  // Destroyed, so returned, after `second`.
  }
  const auto again = pool_->Take();
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->session(), last);
}

TEST_F(Pkcs11SessionPoolTest, IsUnavailableWhenNoneBecomesFree) {
  const auto first = pool_->Take();
  const auto second = pool_->Take();
  ASSERT_THAT(second, IsOk());
  EXPECT_THAT(pool_->Take(),
              StatusIs(absl::StatusCode::kUnavailable, "no session was free"));
}

TEST_F(Pkcs11SessionPoolTest, OpensAnotherForADiscardedOne) {
  for (int i = 0; i < 5; ++i) {
    auto lease = pool_->Take();
    ASSERT_THAT(lease, IsOk());
    lease->Discard();
  }
}

TEST_F(Pkcs11SessionPoolTest, StartsOneEpochForAllWhoLostTheSame) {
  uint64_t lost;
  {
    const auto lease = pool_->Take();
    ASSERT_THAT(lease, IsOk());
    lost = lease->epoch();
  }
  EXPECT_THAT(pool_->Reconnect(lost), IsOk());
  EXPECT_THAT(pool_->Reconnect(lost), IsOk());
  const auto lease = pool_->Take();
  ASSERT_THAT(lease, IsOk());
  EXPECT_EQ(lease->epoch(), lost + 1);
}

TEST_F(Pkcs11SessionPoolTest, DoesNotReconnectWhileASessionIsLent) {
  std::optional<Pkcs11SessionPool::Lease> lease;
  {
    auto taken = pool_->Take();
    ASSERT_THAT(taken, IsOk());
    lease.emplace(*std::move(taken));
  }
  EXPECT_THAT(pool_->Reconnect(lease->epoch()),
              StatusIs(absl::StatusCode::kUnavailable, "not returned"));
  lease.reset();
  // Nobody waits for it a second time before a pause is over.
  EXPECT_THAT(pool_->Take(),
              StatusIs(absl::StatusCode::kUnavailable, "next try is in"));
  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT(pool_->Take(), IsOk());
}

TEST_F(Pkcs11SessionPoolTest, KeepsASessionForOthersThanWhoHasMost) {
  Pkcs11SessionPool::Share greedy, other;
  const auto first = pool_->Take(&greedy);
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(pool_->Take(&greedy),
              StatusIs(absl::StatusCode::kDeadlineExceeded,
                       "1 operations did not come back"));
  EXPECT_THAT(pool_->Take(&other), IsOk());
}

TEST_F(Pkcs11SessionPoolTest, GivesAShareAgainWhatItReturned) {
  Pkcs11SessionPool::Share share;
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(pool_->Take(&share), IsOk());
  }
}

TEST_F(Pkcs11SessionPoolTest, WakesWhoWaitsForASession) {
  std::optional<Pkcs11SessionPool::Lease> lease;
  {
    auto taken = pool_->Take();
    ASSERT_THAT(taken, IsOk());
    lease.emplace(*std::move(taken));
  }
  const auto other = pool_->Take();
  ASSERT_THAT(other, IsOk());
  std::thread returns([&lease] { lease.reset(); });
  EXPECT_THAT(pool_->Take(), IsOk());
  returns.join();
}

}  // namespace
}  // namespace chancery::crypto
