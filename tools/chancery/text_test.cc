#include "tools/chancery/text.h"

#include "base/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chancery::cli {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

TEST(PrintableTest, KeepsTextOfAnyScript) {
  EXPECT_EQ(Printable("CN=Zoë 証明書"), "CN=Zoë 証明書");
}

TEST(PrintableTest, DisarmsControlCharacters) {
  EXPECT_EQ(Printable("a\x1b[2Jb\n"), "a\\x1b[2Jb\\x0a");
  EXPECT_EQ(Printable("\xc2\x9b"
                      "31m"),
            "\\x9b31m");
}

TEST(FormatTableTest, AlignsColumnsAlsoOfWideText) {
  EXPECT_EQ(FormatTable({"A", "B"}, {{"zoë", "1"}, {"x", "2"}}),
            "A    B\nzoë  1\nx    2\n");
}

TEST(FormatFactsTest, AlignsValues) {
  EXPECT_EQ(FormatFacts({{"a", "1"}, {"long", "2"}}), "a:     1\nlong:  2\n");
}

TEST(ParseSerialTest, TakesWhatOpensslPrints) {
  const std::string expected("\x0a\xbc", 2);
  for (const char* text :
       {"0ABC", "abc", "0x0abc", "0A:BC", "serial=0ABC", "000ABC"}) {
    const auto serial = ParseSerial(text);
    ASSERT_THAT(serial, IsOk()) << text;
    EXPECT_EQ(*serial, expected) << text;
  }
}

TEST(ParseSerialTest, RefusesWhatIsNoSerial) {
  for (const std::string& text :
       {std::string(), std::string("00"), std::string("xyz"), std::string("-1"),
        std::string(42, '1')}) {
    EXPECT_THAT(ParseSerial(text), StatusIs(kInvalid, "serial: value")) << text;
  }
}

TEST(ParseReasonTest, TakesNamesAndNumbersOfRfc5280) {
  EXPECT_EQ(*ParseReason("keyCompromise"), 1);
  EXPECT_EQ(*ParseReason("key-compromise"), 1);
  EXPECT_EQ(*ParseReason("SUPERSEDED"), 4);
  EXPECT_EQ(*ParseReason("certificate_hold"), 6);
  EXPECT_EQ(*ParseReason("10"), 10);
  EXPECT_EQ(ReasonName(9), "privilegeWithdrawn");
}

TEST(ParseReasonTest, RefusesUnusedNumbers) {
  for (const char* text : {"7", "8", "11", "-1", "", "why"}) {
    EXPECT_THAT(ParseReasonOption(text),
                StatusIs(kInvalid, "--reason: value `"));
    EXPECT_THAT(ParseReason(text), StatusIs(kInvalid, "must be one of"))
        << text;
  }
}

TEST(ParseTimeOptionTest, TakesTimesAndDays) {
  EXPECT_EQ(*ParseTimeOption("--date", "2026-11-23T20:15:48+01:00"),
            absl::FromUnixSeconds(1795461348));
  EXPECT_EQ(TimeText(*ParseTimeOption("--date", "2026-11-23")),
            "2026-11-23T00:00:00Z");
  EXPECT_THAT(ParseTimeOption("--date", "soon"),
              StatusIs(kInvalid, "--date: value `soon`"));
}

}  // namespace
}  // namespace chancery::cli
