#include "tools/chancery/convert/password_option.h"

#include <cstdlib>

#include "base/testing/status_matchers.h"
#include "crypto/testing/command.h"
#include "gtest/gtest.h"

namespace chancery::cli {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;

TEST(ParsePasswordSourceTest, TakesFileVariableAndDescriptor) {
  EXPECT_EQ(ParsePasswordSource("--p", "file:a:b")->file, "a:b");
  EXPECT_EQ(ParsePasswordSource("--p", "env:PASS")->env, "PASS");
  EXPECT_EQ(ParsePasswordSource("--p", "fd:0")->fd, 0);
}

TEST(ParsePasswordSourceTest, RefusesAnythingElseWithoutRepeatingIt) {
  for (const char* value : {"hunter2", "", "file:", "env:", "fd:", "fd:-1",
                            "fd:x", "pass:hunter2"}) {
    const auto source = ParsePasswordSource("--p", value);
    EXPECT_THAT(source, StatusIs(absl::StatusCode::kInvalidArgument,
                                 "--p: must be file:PATH"));
    EXPECT_EQ(source.status().message().find("hunter2"),
              absl::string_view::npos);
  }
}

TEST(ReadPasswordTest, ReadsItAndNamesTheOptionInErrors) {
  const std::string path = crypto::testing::WriteTemp("password", "sesame\n");
  const auto read = ReadPassword("--p", "file:" + path);
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ((*read)->Reveal(), "sesame");
  const auto none = ReadPassword("--p", "");
  ASSERT_THAT(none, IsOk());
  EXPECT_FALSE(none->has_value());
  unsetenv("PASSWORD_OPTION_TEST");
  EXPECT_THAT(ReadPassword("--p", "env:PASSWORD_OPTION_TEST"),
              StatusIs(absl::StatusCode::kNotFound, "--p: "));
}

}  // namespace
}  // namespace chancery::cli
