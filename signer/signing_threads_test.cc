#include "signer/signing_threads.h"

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chancery::signer {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using ::testing::Each;

constexpr size_t kGrain = SigningThreads::kSignatures;

TEST(SigningThreadsTest, EachIsDoneOnceForAnyNumberOfThreads) {
  for (const int count : {0, 1, 2, 9, 63, 64, 65, 100, 4096}) {
    for (const int threads : {0, 1, 3}) {
      for (const size_t grain : {1, 8, 200}) {
        SigningThreads pool(threads);
        std::vector<std::atomic<int>> done(count);
        ASSERT_THAT(pool.Run(done.size(), grain,
                             [&](size_t i) {
                               ++done[i];
                               return absl::OkStatus();
                             }),
                    IsOk());
        EXPECT_THAT(std::vector<int>(done.begin(), done.end()), Each(1))
            << count << " by " << threads << ", " << grain;
      }
    }
  }
}

TEST(SigningThreadsTest, FewAreDoneInTheCallersThread) {
  SigningThreads pool(2);
  std::set<std::thread::id> where;
  ASSERT_THAT(pool.Run(8, kGrain,
                       [&](size_t) {
                         where.insert(std::this_thread::get_id());
                         return absl::OkStatus();
                       }),
              IsOk());
  EXPECT_EQ(where, std::set{std::this_thread::get_id()});
}

// What others have asked for does not hold up a small job.
TEST(SigningThreadsTest, ACallerOfUpTo64DoesNotWaitForOthers) {
  SigningThreads pool(1);
  base::Mutex mu;
  base::CondVar changed;
  bool begun = false, released = false;
  std::thread whole([&] {
    EXPECT_THAT(pool.Run(1000, kGrain,
                         [&](size_t) {
                           base::MutexLock lock(mu);
                           begun = true;
                           changed.NotifyAll();
                           while (!released) changed.Wait(mu);
                           return absl::OkStatus();
                         }),
                IsOk());
  });
  {
    base::MutexLock lock(mu);
    while (!begun) changed.Wait(mu);
  }
  std::atomic<int> done = 0;
  EXPECT_THAT(pool.Run(64, kGrain,
                       [&](size_t) {
                         ++done;
                         return absl::OkStatus();
                       }),
              IsOk());
  EXPECT_EQ(done, 64);
  {
    base::MutexLock lock(mu);
    released = true;
  }
  changed.NotifyAll();
  whole.join();
}

TEST(SigningThreadsTest, OthersHelpACallerOfFew) {
  SigningThreads pool(1);
  base::Mutex mu;
  base::CondVar changed;
  std::set<std::thread::id> where;
  ASSERT_THAT(pool.Run(2, 1,
                       [&](size_t) {
                         base::MutexLock lock(mu);
                         where.insert(std::this_thread::get_id());
                         changed.NotifyAll();
                         while (where.size() < 2) changed.Wait(mu);
                         return absl::OkStatus();
                       }),
              IsOk());
  EXPECT_EQ(where.count(std::this_thread::get_id()), 1u);
}

TEST(SigningThreadsTest, SeveralThreadsWorkForOneCaller) {
  SigningThreads pool(2);
  base::Mutex mu;
  base::CondVar changed;
  std::set<std::thread::id> where;
  ASSERT_THAT(pool.Run(1000, kGrain,
                       [&](size_t) {
                         base::MutexLock lock(mu);
                         where.insert(std::this_thread::get_id());
                         changed.NotifyAll();
                         while (where.size() < 2) changed.Wait(mu);
                         return absl::OkStatus();
                       }),
              IsOk());
  EXPECT_EQ(where.size(), 2u);
  EXPECT_EQ(where.count(std::this_thread::get_id()), 0u);
}

TEST(SigningThreadsTest, AnErrorEndsItsCallAndNoOther) {
  SigningThreads pool(3);
  std::atomic<size_t> begun = 0;
  std::atomic<size_t> others = 0;
  std::thread beside([&] {
    for (int i = 0; i < 20; ++i) {
      EXPECT_THAT(pool.Run(200, kGrain,
                           [&](size_t) {
                             ++others;
                             return absl::OkStatus();
                           }),
                  IsOk());
    }
  });
  for (int i = 0; i < 20; ++i) {
    EXPECT_THAT(pool.Run(100'000, kGrain,
                         [&](size_t at) {
                           ++begun;
                           return at < 500
                                      ? absl::OkStatus()
                                      : absl::UnavailableError("token gone");
                         }),
                StatusIs(absl::StatusCode::kUnavailable, "token gone"));
  }
  beside.join();
  EXPECT_EQ(others, 20u * 200);
  EXPECT_LT(begun, 20u * 1000);
}

TEST(SigningThreadsTest, ManyCallersAreServed) {
  SigningThreads pool(2);
  std::vector<std::thread> callers;
  std::atomic<size_t> done = 0;
  for (int t = 0; t < 8; ++t) {
    callers.emplace_back([&] {
      for (int i = 0; i < 10; ++i) {
        EXPECT_THAT(pool.Run(300, kGrain,
                             [&](size_t) {
                               ++done;
                               return absl::OkStatus();
                             }),
                    IsOk());
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(done, 8u * 10 * 300);
}

}  // namespace
}  // namespace chancery::signer
