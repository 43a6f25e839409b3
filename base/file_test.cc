#include "base/file.h"

#include <sys/stat.h>

#include <cstdlib>
#include <string>

#include "base/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chancery::base {
namespace {

using testing::IsOk;
using testing::StatusIs;

std::string InTemp(const char* name) {
  return std::string(std::getenv("TEST_TMPDIR")) + "/" + name;
}

int ModeOf(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(stat(path.c_str(), &info), 0);
  return info.st_mode & 0777;
}

TEST(FileTest, ReplacesContentAndSetsTheExactMode) {
  const std::string path = InTemp("replaced");
  const std::string first = "first", second = "second";
  ASSERT_THAT(WriteFileAtomically(path, AsBytes(first), 0600), IsOk());
  ASSERT_THAT(WriteFileAtomically(path, AsBytes(second), 0600), IsOk());
  EXPECT_EQ(*ReadFile(path), second);
  EXPECT_EQ(ModeOf(path), 0600);
}

TEST(FileTest, CreateRefusesToOverwrite) {
  const std::string path = InTemp("created");
  const std::string key = "key";
  ASSERT_THAT(CreateFile(path, AsBytes(key), 0600), IsOk());
  EXPECT_THAT(CreateFile(path, AsBytes(key), 0600),
              StatusIs(absl::StatusCode::kAlreadyExists, path));
}

TEST(FileTest, ReadNamesTheMissingPathAndRefusesTooMuch) {
  EXPECT_THAT(ReadFile(InTemp("absent")),
              StatusIs(absl::StatusCode::kNotFound, "absent"));
  const std::string path = InTemp("large"), large(100, 'x');
  ASSERT_THAT(WriteFileAtomically(path, AsBytes(large)), IsOk());
  EXPECT_THAT(ReadFile(path, 99),
              StatusIs(absl::StatusCode::kInvalidArgument, "99"));
  EXPECT_THAT(ReadFile(path, 100), IsOk());
}

TEST(FileTest, MakesFoldersOnceAndRefusesAFileInTheWay) {
  const std::string path = InTemp("a/b/c");
  EXPECT_THAT(MakeDirectories(path), IsOk());
  EXPECT_THAT(MakeDirectories(path), IsOk());
  EXPECT_EQ(ModeOf(path), 0700);
  const std::string file = InTemp("file");
  ASSERT_THAT(WriteFileAtomically(file, AsBytes(path)), IsOk());
  EXPECT_FALSE(MakeDirectories(file).ok());
}

}  // namespace
}  // namespace chancery::base
