#include "base/utf8.h"

#include <string>

#include "gtest/gtest.h"

namespace chancery::base {
namespace {

struct Case {
  const char* name;
  std::string text;
  size_t length;
};

class Utf8LengthTest : public ::testing::TestWithParam<Case> {};

TEST_P(Utf8LengthTest, IsOfTheFirstCharacter) {
  EXPECT_EQ(Utf8Length(GetParam().text), GetParam().length);
}

// RFC 3629 section 4.
INSTANTIATE_TEST_SUITE_P(
    Characters, Utf8LengthTest,
    ::testing::Values(
        Case{"Nothing", "", 0}, Case{"Ascii", "az", 1},
        Case{"First2", "\xc2\x80", 2}, Case{"Last2", "\xdf\xbf", 2},
        Case{"First3", "\xe0\xa0\x80", 3},
        Case{"BeforeSurrogates", "\xed\x9f\xbf", 3},
        Case{"AfterSurrogates", "\xee\x80\x80", 3},
        Case{"First4", "\xf0\x90\x80\x80", 4},
        Case{"Last4", "\xf4\x8f\xbf\xbf", 4},
        Case{"LoneContinuation", "\x80", 0}, Case{"TooLong2", "\xc0\x80", 0},
        Case{"AlsoTooLong2", "\xc1\xbf", 0},
        Case{"TooLong3", "\xe0\x9f\xbf", 0},
        Case{"TooLong4", "\xf0\x8f\xbf\xbf", 0},
        Case{"Surrogate", "\xed\xa0\x80", 0},
        Case{"AboveTheLast", "\xf4\x90\x80\x80", 0},
        Case{"NoSuchFirst", "\xf5\x80\x80\x80", 0}, Case{"Cut2", "\xc3", 0},
        Case{"Cut3", "\xe2\x82", 0}, Case{"Cut4", "\xf0\x9f\x98", 0},
        Case{"NoContinuation", "\xe2\x82z", 0}),
    [](const auto& info) { return info.param.name; });

TEST(IsStorableTextTest, TakesAllButNulAndBrokenUtf8) {
  EXPECT_TRUE(IsStorableText(""));
  EXPECT_TRUE(IsStorableText("line\nb\xc3\xbc\xf0\x9f\x98\x80"));
  EXPECT_FALSE(IsStorableText(absl::string_view("a\0b", 3)));
  EXPECT_FALSE(IsStorableText("a\xff"));
}

TEST(IsPlainTextTest, TakesAllButControlCharactersAndBrokenUtf8) {
  EXPECT_TRUE(IsPlainText(""));
  EXPECT_TRUE(IsPlainText("~ b\xc3\xbc\xf0\x9f\x98\x80"));
  EXPECT_FALSE(IsPlainText(absl::string_view("a\0b", 3)));
  EXPECT_FALSE(IsPlainText("a\nb"));
  EXPECT_FALSE(IsPlainText("a\x1f"));
  EXPECT_FALSE(IsPlainText("a\x7f"));
  EXPECT_FALSE(IsPlainText("a\xff"));
}

}  // namespace
}  // namespace chancery::base
