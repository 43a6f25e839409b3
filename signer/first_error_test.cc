#include "signer/first_error.h"

#include <atomic>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chancery::signer {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using ::testing::ElementsAre;

constexpr size_t kMany = 1000;

absl::Status FailsAt(const std::set<size_t>& wrong, size_t i) {
  if (wrong.count(i) == 0) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat("item ", i, "."));
}

TEST(FirstErrorTest, DoesEachOnceWhenAllIsWell) {
  SigningThreads threads(4);
  FirstError first(threads, kMany);
  std::vector<std::atomic<int>> done(kMany);
  first.Run([&](size_t i) {
    ++done[i];
    return absl::OkStatus();
  });
  EXPECT_THAT(first.status(), IsOk());
  EXPECT_EQ(first.end(), kMany);
  for (const auto& times : done) EXPECT_EQ(times, 1);
}

TEST(FirstErrorTest, IsTheFirstInOrderHoweverTheThreadsRun) {
  SigningThreads threads(4);
  for (int round = 0; round < 50; ++round) {
    FirstError first(threads, kMany);
    std::vector<std::atomic<int>> done(kMany);
    first.Run([&](size_t i) {
      ++done[i];
      return FailsAt({300, 301, 500, 999}, i);
    });
    EXPECT_THAT(first.status(),
                StatusIs(absl::StatusCode::kNotFound, "item 300."));
    EXPECT_EQ(first.end(), 300u);
    for (size_t i = 0; i <= 300; ++i) EXPECT_EQ(done[i], 1);
  }
}

// A later step may fail at an earlier item, but is not begun behind an error.
TEST(FirstErrorTest, StepsAddUp) {
  SigningThreads threads(2);
  FirstError first(threads, kMany);
  first.Run([](size_t i) { return FailsAt({7}, i); });
  std::vector<size_t> seen;
  first.RunInOrder([&](size_t i) {
    seen.push_back(i);
    return FailsAt({4, 5, 9}, i);
  });
  EXPECT_THAT(seen, ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(first.status(), StatusIs(absl::StatusCode::kNotFound, "item 4."));
  first.Run([](size_t i) { return FailsAt({2, 3}, i); });
  EXPECT_THAT(first.status(), StatusIs(absl::StatusCode::kNotFound, "item 2."));
  first.Run([](size_t i) { return FailsAt({3}, i); });
  EXPECT_THAT(first.status(), StatusIs(absl::StatusCode::kNotFound, "item 2."));
}

TEST(FirstErrorTest, OfNothingIsNone) {
  SigningThreads threads(0);
  FirstError first(threads, 0);
  first.Run([](size_t) { return absl::InternalError("called"); });
  first.RunInOrder([](size_t) { return absl::InternalError("called"); });
  EXPECT_THAT(first.status(), IsOk());
}

}  // namespace
}  // namespace chancery::signer
