#include "responder/descriptors.h"

#include <sys/resource.h>

#include "base/testing/status_matchers.h"
#include "gtest/gtest.h"

namespace chancery::responder {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;

TEST(DescriptorsTest, AConfiguredNumberIsTakenWhole) {
  {
    const auto fit = FitConnections(1000, 20000, 4, 2000);
    ASSERT_THAT(fit, IsOk());
    EXPECT_EQ(*fit, 1000u);
  }
}

TEST(DescriptorsTest, AConfiguredNumberThatDoesNotFitIsRefused) {
  EXPECT_THAT(
      FitConnections(1000, 20000, 4, 1575),
      StatusIs(absl::StatusCode::kInvalidArgument,
               "limits.connections: 1000: a process may have 1575 files open"));
  {
    const auto fit = FitConnections(1000, 20000, 4, 1576);
    ASSERT_THAT(fit, IsOk());
    EXPECT_EQ(*fit, 1000u);
  }
}

TEST(DescriptorsTest, WithoutOneThereAreAsManyAsFit) {
  {
    const auto fit = FitConnections(0, 20000, 0, 1024);
    ASSERT_THAT(fit, IsOk());
    EXPECT_EQ(*fit, 448u);
  }
  {
    const auto fit = FitConnections(0, 20000, 0, 1 << 20);
    ASSERT_THAT(fit, IsOk());
    EXPECT_EQ(*fit, 20000u);
  }
  EXPECT_THAT(FitConnections(0, 20000, 10000, 1024),
              StatusIs(absl::StatusCode::kInvalidArgument, "1600 are needed"));
}

TEST(DescriptorsTest, TheLimitIsRaisedToWhatIsAllowed) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit low = before;
  low.rlim_cur = 100;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_EQ(RaiseDescriptorLimit(), before.rlim_max);
  rlimit after{};
  getrlimit(RLIMIT_NOFILE, &after);
  EXPECT_EQ(after.rlim_cur, before.rlim_max);
}

}  // namespace
}  // namespace chancery::responder
