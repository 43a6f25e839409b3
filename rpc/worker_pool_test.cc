#include "rpc/worker_pool.h"

#include <atomic>
#include <future>

#include "gtest/gtest.h"

namespace chancery::rpc {
namespace {

TEST(WorkerPoolTest, RunsAllJobsBeforeItGoes) {
  std::atomic<int> ran = 0;
  {
    WorkerPool pool(3);
    for (int i = 0; i < 1000; ++i) {
      EXPECT_TRUE(pool.TryRun([&] { ++ran; }));
    }
  }
  EXPECT_EQ(ran, 1000);
}

TEST(WorkerPoolTest, RunsNothingMoreOnceStopped) {
  int ran = 0;
  WorkerPool pool(3);
  EXPECT_TRUE(pool.TryRun([&] { ++ran; }));
  pool.Stop();
  EXPECT_EQ(ran, 1);
  EXPECT_FALSE(pool.TryRun([&] { ++ran; }));
  pool.Stop();
  EXPECT_EQ(ran, 1);
}

TEST(WorkerPoolTest, RunsAsManyAtOnceAsItHasThreads) {
  std::promise<void> first, second;
  WorkerPool pool(2);
  // Each needs the other to be running.
  EXPECT_TRUE(pool.TryRun([&] {
    first.set_value();
    second.get_future().wait();
  }));
  EXPECT_TRUE(pool.TryRun([&] {
    second.set_value();
    first.get_future().wait();
  }));
}

TEST(WorkerPoolTest, RefusesWhatItCannotQueue) {
  std::promise<void> started, release;
  WorkerPool pool(1, 2);
  EXPECT_TRUE(pool.TryRun([&] {
    started.set_value();
    release.get_future().wait();
  }));
  started.get_future().wait();
  EXPECT_TRUE(pool.TryRun([] {}));
  EXPECT_TRUE(pool.TryRun([] {}));
  EXPECT_FALSE(pool.TryRun([] {}));
  release.set_value();
}

}  // namespace
}  // namespace chancery::rpc
