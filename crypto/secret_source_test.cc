#include "crypto/secret_source.h"

#include <cstdlib>
#include <string>

#include "base/testing/status_matchers.h"
#include "crypto/testing/command.h"
#include "gtest/gtest.h"

namespace chancery::crypto {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using testing::TempPath;
using testing::WriteTemp;

TEST(ReadSecretTest, TakesTheFirstLineOfAFile) {
  for (const char* content : {"1234", "1234\n", "1234\r\n", "1234\nmore\n"}) {
    const auto secret = ReadSecret({.file = WriteTemp("pin", content)});
    ASSERT_THAT(secret, IsOk());
    EXPECT_EQ(secret->Reveal(), "1234");
  }
}

TEST(ReadSecretTest, TakesTheWholeVariable) {
  setenv("SECRET_SOURCE_TEST", " 12 34", 1);
  const auto secret = ReadSecret({.env = "SECRET_SOURCE_TEST"});
  ASSERT_THAT(secret, IsOk());
  EXPECT_EQ(secret->Reveal(), " 12 34");
}

TEST(ReadSecretTest, RefusesAFileThatOthersMayRead) {
  EXPECT_THAT(ReadSecret({.file = WriteTemp("open", "1234", 0644)}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "mode 0644"));
  EXPECT_THAT(ReadSecret({.file = WriteTemp("open", "1234", 0660)}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "mode 0660"));
}

TEST(ReadSecretTest, SaysWhatIsMissing) {
  setenv("SECRET_SOURCE_EMPTY", "", 1);
  EXPECT_THAT(ReadSecret({}),
              StatusIs(absl::StatusCode::kInvalidArgument, "name one"));
  EXPECT_THAT(ReadSecret({.file = "a", .env = "b"}),
              StatusIs(absl::StatusCode::kInvalidArgument, "name one"));
  EXPECT_THAT(ReadSecret({.env = "SECRET_SOURCE_UNSET"}),
              StatusIs(absl::StatusCode::kNotFound, "SECRET_SOURCE_UNSET"));
  EXPECT_THAT(ReadSecret({.env = "SECRET_SOURCE_EMPTY"}),
              StatusIs(absl::StatusCode::kInvalidArgument, "is empty"));
  EXPECT_THAT(ReadSecret({.file = TempPath("absent")}),
              StatusIs(absl::StatusCode::kNotFound, "absent"));
  EXPECT_THAT(ReadSecret({.file = WriteTemp("blank", "\n1234")}),
              StatusIs(absl::StatusCode::kInvalidArgument, "empty first line"));
}

TEST(ReadSecretFileTest, KeepsEachByteUpToTheBound) {
  const std::string content("a\0\n", 3);
  const std::string path = WriteTemp("whole", content);
  const auto secret = ReadSecretFile(path, 3);
  ASSERT_THAT(secret, IsOk());
  EXPECT_EQ(std::string(secret->Reveal()), content);
  EXPECT_THAT(ReadSecretFile(path, 2),
              StatusIs(absl::StatusCode::kInvalidArgument, "larger than 2"));
}

}  // namespace
}  // namespace chancery::crypto
