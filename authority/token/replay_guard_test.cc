#include "authority/token/replay_guard.h"

#include <filesystem>
#include <string>

#include "base/bytes.h"
#include "base/file.h"
#include "base/testing/file_size_limit.h"
#include "base/testing/status_matchers.h"
#include "crypto/testing/command.h"
#include "gmock/gmock.h"

namespace chancery::authority {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
const absl::Time kLater = kNow + absl::Minutes(10);
constexpr size_t kRecord = 48;

std::string Id(int number) {
  std::string id(32, '\0');
  id[0] = static_cast<char>(number);
  id[1] = static_cast<char>(number >> 8);
  return id;
}

class ReplayGuardTest : public ::testing::Test {
 protected:
  ReplayGuardTest() { std::filesystem::remove(path_); }

  std::unique_ptr<ReplayGuard> Open(absl::Time now = kNow,
                                    ReplayGuard::Options options = {}) {
    auto guard = ReplayGuard::Open(path_, now, options);
    EXPECT_THAT(guard, IsOk());
    return guard.ok() ? *std::move(guard) : nullptr;
  }

  const std::string path_ = crypto::testing::TempPath("replays");
};

constexpr auto kAgain = absl::StatusCode::kAlreadyExists;

TEST_F(ReplayGuardTest, LetsInOnceUntilItForgets) {
  const auto guard = Open();
  EXPECT_THAT(guard->Admit(Id(1), kNow, kLater), IsOk());
  EXPECT_THAT(guard->Admit(Id(1), kNow, kLater),
              StatusIs(kAgain, "was here before"));
  EXPECT_THAT(guard->Admit(Id(2), kNow, kLater), IsOk());
  EXPECT_THAT(guard->Admit(Id(1), kLater - absl::Microseconds(1),
                           kLater + absl::Minutes(10)),
              StatusIs(kAgain, "was here before"));
  EXPECT_THAT(guard->Admit(Id(1), kLater, kLater + absl::Minutes(10)), IsOk());
}

TEST_F(ReplayGuardTest, ARestartDoesNotForget) {
  EXPECT_THAT(Open()->Admit(Id(1), kNow, kLater), IsOk());
  EXPECT_THAT(Open()->Admit(Id(2), kNow, kLater), IsOk());
  const auto guard = Open(kLater - absl::Seconds(1));
  EXPECT_THAT(guard->Admit(Id(1), kLater - absl::Seconds(1), kLater),
              StatusIs(kAgain, "was here before"));
  EXPECT_THAT(guard->Admit(Id(2), kLater - absl::Seconds(1), kLater),
              StatusIs(kAgain, "was here before"));
}

TEST_F(ReplayGuardTest, ForgetsWhatDidNotHappen) {
  const auto guard = Open();
  EXPECT_THAT(guard->Admit(Id(1), kNow, kLater), IsOk());
  EXPECT_THAT(guard->Admit(Id(2), kNow, kLater), IsOk());
  guard->Forget(Id(1));
  guard->Forget(Id(3));
  EXPECT_THAT(guard->Admit(Id(2), kNow, kLater),
              StatusIs(kAgain, "was here before"));
  EXPECT_THAT(guard->Admit(Id(1), kNow, kLater), IsOk());
}

TEST_F(ReplayGuardTest, FullLetsNobodyIn) {
  const auto guard = Open(kNow, {.max_ids = 2});
  EXPECT_THAT(guard->Admit(Id(1), kNow, kLater), IsOk());
  EXPECT_THAT(guard->Admit(Id(2), kNow, kLater), IsOk());
  EXPECT_THAT(guard->Admit(Id(3), kNow, kLater),
              StatusIs(absl::StatusCode::kResourceExhausted, "too many"));
  EXPECT_THAT(guard->Admit(Id(1), kNow, kLater),
              StatusIs(kAgain, "was here before"));
  EXPECT_THAT(guard->Admit(Id(3), kLater, kLater + absl::Minutes(1)), IsOk());
}

TEST_F(ReplayGuardTest, TheFileStaysSmall) {
  const auto guard = Open(kNow, {.min_rewrite = 20});
  absl::Time now = kNow;
  for (int i = 0; i < 200; ++i, now += absl::Seconds(1)) {
    ASSERT_THAT(guard->Admit(Id(i), now, now + absl::Seconds(5)), IsOk());
  }
  EXPECT_LT(std::filesystem::file_size(path_), 30 * kRecord);
}

TEST_F(ReplayGuardTest, DropsARecordThatACrashLeftUnfinished) {
  {
    const auto guard = Open();
    EXPECT_THAT(guard->Admit(Id(1), kNow, kLater), IsOk());
    EXPECT_THAT(guard->Admit(Id(2), kNow, kLater), IsOk());
  }
  const std::string whole = *base::ReadFile(path_);
  ASSERT_EQ(whole.size(), 2 * kRecord);
  std::string zeros = whole;
  std::fill(zeros.begin() + kRecord + 20, zeros.end(), '\0');
  for (const std::string& left : {whole.substr(0, kRecord + 1),
                                  whole.substr(0, 2 * kRecord - 1), zeros}) {
    ASSERT_THAT(base::WriteFileAtomically(path_, base::AsBytes(left), 0600),
                IsOk());
    const auto guard = Open();
    EXPECT_THAT(guard->Admit(Id(1), kNow, kLater),
                StatusIs(kAgain, "was here before"));
    EXPECT_THAT(guard->Admit(Id(2), kNow, kLater), IsOk());
  }
}

TEST_F(ReplayGuardTest, RefusesFilesThatAreNotItsOwn) {
  const std::string other(10 * kRecord, 'x');
  ASSERT_THAT(base::WriteFileAtomically(path_, base::AsBytes(other), 0600),
              IsOk());
  EXPECT_THAT(ReplayGuard::Open(path_, kNow, {}),
              StatusIs(absl::StatusCode::kDataLoss, "no such file"));
  ASSERT_THAT(base::WriteFileAtomically(path_, base::AsBytes(other), 0644),
              IsOk());
  EXPECT_THAT(
      ReplayGuard::Open(path_, kNow, {}),
      StatusIs(absl::StatusCode::kFailedPrecondition, "only its owner"));
  std::filesystem::remove(path_);
  const auto guard = Open();
  EXPECT_THAT(
      ReplayGuard::Open(path_, kNow, {}),
      StatusIs(absl::StatusCode::kFailedPrecondition, "another process"));
}

TEST_F(ReplayGuardTest, LetsNobodyInWithoutAWrittenRecord) {
  const auto guard = Open();
  EXPECT_THAT(guard->Admit(Id(1), kNow, kLater), IsOk());
  {
    const base::testing::FileSizeLimit full(kRecord + 10);
    EXPECT_FALSE(guard->Admit(Id(2), kNow, kLater).ok());
  }
  EXPECT_THAT(guard->Admit(Id(2), kNow, kLater), IsOk());
  EXPECT_THAT(guard->Admit(Id(1), kNow, kLater),
              StatusIs(kAgain, "was here before"));
}

}  // namespace
}  // namespace chancery::authority
