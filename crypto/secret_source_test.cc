#include "crypto/secret_source.h"

#include <unistd.h>

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

TEST(ReadSecretTest, TakesTheFirstLineOfAPipe) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(write(ends[1], "12\n34", 5), 5);  // And the pipe stays open.
  const auto secret = ReadSecret({.fd = ends[0]});
  ASSERT_THAT(secret, IsOk());
  EXPECT_EQ(secret->Reveal(), "12");
  close(ends[1]);
  EXPECT_THAT(ReadSecret({.fd = ends[0]}),
              StatusIs(absl::StatusCode::kInvalidArgument, "empty first line"));
  close(ends[0]);
  EXPECT_THAT(ReadSecret({.fd = ends[0]}),
              StatusIs(absl::StatusCode::kUnavailable, "descriptor"));
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

TEST(ReadMaybeSecretFileTest, ReadsAnyAndSaysWhetherItIsPrivate) {
  const auto shared = ReadMaybeSecretFile(WriteTemp("shared", "a", 0644));
  ASSERT_THAT(shared, IsOk());
  EXPECT_EQ(shared->content.Reveal(), "a");
  EXPECT_THAT(shared->privacy,
              StatusIs(absl::StatusCode::kFailedPrecondition, "mode 0644"));
  const auto own = ReadMaybeSecretFile(WriteTemp("own", "a", 0600));
  ASSERT_THAT(own, IsOk());
  EXPECT_THAT(own->privacy, IsOk());
}

}  // namespace
}  // namespace chancery::crypto
