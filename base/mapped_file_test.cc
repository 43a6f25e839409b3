#include "base/mapped_file.h"

#include <cstdlib>
#include <filesystem>
#include <limits>
#include <utility>

#include "base/testing/status_matchers.h"
#include "gtest/gtest.h"

namespace chancery::base {
namespace {

using testing::IsOk;
using testing::StatusIs;

class MappedFileTest : public ::testing::Test {
 protected:
  const std::string folder_ = [] {
    std::string path = std::string(std::getenv("TEST_TMPDIR")) + "/mapped";
    std::filesystem::create_directories(path);
    return path;
  }();
};

TEST_F(MappedFileTest, KeepsWhatIsWrittenWhereverItMoves) {
  auto made = MappedFile::Create(folder_, 100'000);
  ASSERT_THAT(made, IsOk());
  EXPECT_EQ(made->bytes().size(), 100'000u);
  EXPECT_EQ(made->bytes()[99'999], 0);
  made->bytes()[99'999] = 'x';
  MappedFile moved = *std::move(made);
  auto other = MappedFile::Create(folder_, 1);
  ASSERT_THAT(other, IsOk());
  moved = *std::move(other);
  EXPECT_EQ(moved.bytes().size(), 1u);
}

TEST_F(MappedFileTest, HasNoName) {
  const auto made = MappedFile::Create(folder_, 1);
  ASSERT_THAT(made, IsOk());
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(MappedFileTest, MayBeEmpty) {
  const auto made = MappedFile::Create(folder_, 0);
  ASSERT_THAT(made, IsOk());
  EXPECT_TRUE(made->bytes().empty());
}

TEST_F(MappedFileTest, RefusesWhatTheDiskHasNoRoomFor) {
  EXPECT_THAT(
      MappedFile::Create(
          folder_, size_t{std::numeric_limits<int64_t>::max()} / 4096 * 4096),
      StatusIs(absl::StatusCode::kResourceExhausted, folder_));
}

TEST_F(MappedFileTest, RefusesAFolderThatIsNotThere) {
  EXPECT_THAT(MappedFile::Create(folder_ + "/none", 1),
              StatusIs(absl::StatusCode::kUnavailable,
                       folder_ + "/none: No such file or directory"));
}

}  // namespace
}  // namespace chancery::base
