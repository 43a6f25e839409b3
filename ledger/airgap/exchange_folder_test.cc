#include "ledger/airgap/exchange_folder.h"

#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "base/bytes.h"
#include "base/file.h"
#include "base/testing/status_matchers.h"
#include "gtest/gtest.h"

namespace chancery::airgap {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;

const std::string kRequest(32, 'q');
const std::string kResult(32, 'r');

class ExchangeFolderTest : public ::testing::Test {
 protected:
  ExchangeFolderTest()
      : path_(::testing::TempDir() + "/exchange-" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::remove_all(path_);
  }
  absl::StatusOr<ExchangeFolder> Open(const std::string& channel = "root") {
    return ExchangeFolder::Open(path_, channel);
  }

  const std::string path_;
};

TEST_F(ExchangeFolderTest, RemembersWhatWasPut) {
  {
    auto folder = Open();
    ASSERT_THAT(folder, IsOk());
    EXPECT_FALSE(folder->NewestRequest().has_value());
    EXPECT_FALSE(folder->NewestResult().has_value());
    EXPECT_FALSE(folder->Find(0).has_value());
    ASSERT_THAT(folder->Put({.number = 1, .request_sha256 = kRequest}), IsOk());
    EXPECT_FALSE(folder->NewestResult().has_value());
    ASSERT_THAT(folder->Put({.number = 1,
                             .request_sha256 = kRequest,
                             .result_sha256 = kResult}),
                IsOk());
    ASSERT_THAT(folder->Put({.number = 2, .request_sha256 = kResult}), IsOk());
  }
  const auto folder = Open();
  ASSERT_THAT(folder, IsOk());
  EXPECT_EQ(folder->NewestRequest()->number, 2u);
  EXPECT_EQ(folder->NewestRequest()->request_sha256, kResult);
  EXPECT_EQ(folder->NewestRequest()->result_sha256, "");
  EXPECT_EQ(folder->NewestResult()->number, 1u);
  EXPECT_EQ(folder->NewestResult()->result_sha256, kResult);
  EXPECT_FALSE(folder->Find(3).has_value());
}

TEST_F(ExchangeFolderTest, NumbersHaveNoGap) {
  auto folder = Open();
  ASSERT_THAT(folder, IsOk());
  EXPECT_THAT(folder->Put({.number = 2, .request_sha256 = kRequest}),
              StatusIs(absl::StatusCode::kInternal, "does not follow"));
  EXPECT_THAT(folder->Put({.number = 0, .request_sha256 = kRequest}),
              StatusIs(absl::StatusCode::kInternal, "does not follow"));
}

TEST_F(ExchangeFolderTest, IsHeldByOne) {
  const auto folder = Open();
  ASSERT_THAT(folder, IsOk());
  EXPECT_THAT(Open().status(),
              StatusIs(absl::StatusCode::kUnavailable, "another process"));
}

TEST_F(ExchangeFolderTest, IsOfOneChannel) {
  {
    auto folder = Open();
    ASSERT_THAT(folder, IsOk());
    ASSERT_THAT(folder->Put({.number = 1, .request_sha256 = kRequest}), IsOk());
  }
  EXPECT_THAT(
      Open("other").status(),
      StatusIs(absl::StatusCode::kFailedPrecondition, "is of channel root"));
}

TEST_F(ExchangeFolderTest, IsItsOwnersOnly) {
  auto folder = Open();
  ASSERT_THAT(folder, IsOk());
  ASSERT_THAT(folder->Put({.number = 1, .request_sha256 = kRequest}), IsOk());
  struct stat info;
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
  ASSERT_EQ(stat((path_ + "/state").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(ExchangeFolderTest, ADamagedStateIsNotBelieved) {
  const struct {
    const char* name;
    const char* text;
  } cases[] = {
      {"no text", "\x01\x02"},
      {"unknown field", "channel: \"root\" other: 1"},
      {"gap",
       "channel: \"root\" exchange { number: 2 request_sha256: \"00\" }"},
      {"short hash",
       "channel: \"root\" exchange { number: 1 request_sha256: \"00\" }"},
  };
  ASSERT_THAT(base::MakeDirectories(path_), IsOk());
  for (const auto& one : cases) {
    ASSERT_THAT(
        base::WriteFileAtomically(path_ + "/state",
                                  base::AsBytes(absl::string_view(one.text))),
        IsOk());
    EXPECT_THAT(Open().status(),
                StatusIs(absl::StatusCode::kDataLoss, "/state"))
        << one.name;
  }
}

TEST_F(ExchangeFolderTest, CopiesWholeOrNotAtAll) {
  ASSERT_THAT(base::MakeDirectories(path_), IsOk());
  const std::string from = path_ + "/from", to = path_ + "/to";
  const std::string content(3'000'001, 'x');
  ASSERT_THAT(base::WriteFileAtomically(from, base::AsBytes(content)), IsOk());
  ASSERT_THAT(CopyFile(from, to), IsOk());
  EXPECT_EQ(base::ReadFile(to).value_or(""), content);
  EXPECT_THAT(CopyFile(path_ + "/none", to),
              StatusIs(absl::StatusCode::kNotFound, "/none"));
  EXPECT_EQ(base::ReadFile(to).value_or(""), content);
  EXPECT_THAT(CopyFile(from, path_ + "/none/to"),
              StatusIs(absl::StatusCode::kNotFound, "/none/to"));
}

}  // namespace
}  // namespace chancery::airgap
