#include "tools/chancery/serial_file.h"

#include "base/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chancery::cli {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

TEST(SerialFileTest, TakesALineForEachSerial) {
  const auto list = ParseSerialFile(
      "# All of them.\n"
      "0102\n"
      "\n"
      "  0x0101   # Why.\r\n"
      "issuing\t03:ff\n"
      "issuing 01\n"
      "01");
  ASSERT_THAT(list, IsOk());
  EXPECT_THAT(*list, ElementsAre(Pair("", ElementsAre("\1", "\1\1", "\1\2")),
                                 Pair("issuing", ElementsAre("\1", "\3\xff"))));
}

TEST(SerialFileTest, CountsARepeatedSerialOnce) {
  const auto list = ParseSerialFile("01\n0001\n1\n");
  ASSERT_THAT(list, IsOk());
  EXPECT_THAT(*list, ElementsAre(Pair("", ElementsAre("\1"))));
}

TEST(SerialFileTest, NamesTheLinesThatAreNone) {
  EXPECT_THAT(ParseSerialFile("01\nnobody\n02\nissuing 01 02\n"),
              StatusIs(kInvalid, "2 lines are"));
  EXPECT_THAT(ParseSerialFile("01\nnobody\n02\nissuing 01 02\n"),
              StatusIs(kInvalid, "line 2: `nobody`\n  line 4: `issuing 01"));
  EXPECT_THAT(ParseSerialFile("00\n"), StatusIs(kInvalid, "line 1: `00`"));
  EXPECT_THAT(ParseSerialFile("\x1b[2J\n"),
              StatusIs(kInvalid, "line 1: `\\x1b[2J`"));
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "x\n";
  const auto refused = ParseSerialFile(many);
  EXPECT_THAT(refused, StatusIs(kInvalid, "1000 lines are"));
  EXPECT_THAT(std::string(refused.status().message()),
              Not(HasSubstr("line 11")));
}

TEST(SerialFileTest, AFileWithoutSerialsIsAMistake) {
  EXPECT_THAT(ParseSerialFile(""), StatusIs(kInvalid, "no serial"));
  EXPECT_THAT(ParseSerialFile("# 01\n\n"), StatusIs(kInvalid, "no serial"));
}

}  // namespace
}  // namespace chancery::cli
