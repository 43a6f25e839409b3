#include "responder/http/byte_range.h"

#include <string>

#include "gtest/gtest.h"

namespace chancery::responder {
namespace {

using Kind = ChosenRange::Kind;

struct Case {
  const char* name;
  const char* field;
  Kind kind;
  uint64_t first = 0;
  uint64_t size = 0;
};

// Of a representation of 10,000 octets, as in the examples of RFC 9110 section
// 14.1.2.
const Case kCases[] = {
    {"absent", "", Kind::kWhole},
    {"the first 500", "bytes=0-499", Kind::kPart, 0, 500},
    {"the second 500", "bytes=500-999", Kind::kPart, 500, 500},
    {"the final 500", "bytes=-500", Kind::kPart, 9500, 500},
    {"the final 500, otherwise", "bytes=9500-", Kind::kPart, 9500, 500},
    {"the first and the last", "bytes=0-0,-1", Kind::kWhole},
    {"the first, the middle and the last", "bytes= 0-999, 4500-5499, -1000",
     Kind::kWhole},
    {"all", "bytes=0-", Kind::kPart, 0, 10000},
    {"one octet", "bytes=0-0", Kind::kPart, 0, 1},
    {"the last octet", "bytes=9999-9999", Kind::kPart, 9999, 1},
    {"beyond the end", "bytes=9000-20000", Kind::kPart, 9000, 1000},
    {"a suffix longer than all", "bytes=-20000", Kind::kPart, 0, 10000},
    {"a number of many digits", "bytes=1-99999999999999999999999", Kind::kPart,
     1, 9999},
    {"leading zeros", "bytes=0001-0002", Kind::kPart, 1, 2},
    {"another case", "Bytes=1-2", Kind::kPart, 1, 2},
    {"begins at the end", "bytes=10000-", Kind::kUnsatisfiable},
    {"begins far behind", "bytes=99999999999999999999999-",
     Kind::kUnsatisfiable},
    {"a suffix of nothing", "bytes=-0", Kind::kUnsatisfiable},
    {"ends before it begins", "bytes=5-4", Kind::kWhole},
    {"no numbers", "bytes=-", Kind::kWhole},
    {"nothing", "bytes=", Kind::kWhole},
    {"no dash", "bytes=5", Kind::kWhole},
    {"negative", "bytes=--5", Kind::kWhole},
    {"a sign", "bytes=+1-2", Kind::kWhole},
    {"space inside", "bytes=1 -2", Kind::kWhole},
    {"hexadecimal", "bytes=0x1-2", Kind::kWhole},
    {"no unit", "0-499", Kind::kWhole},
    {"another unit", "seconds=1-2", Kind::kWhole},
    {"a word more", "bytes=1-2;x", Kind::kWhole},
    {"a list of one and none", "bytes=1-2,", Kind::kWhole},
};

TEST(ByteRangeTest, FollowsRfc9110) {
  for (const Case& c : kCases) {
    const ChosenRange chosen = ChooseRange(c.field, 10000);
    EXPECT_EQ(chosen.kind, c.kind) << c.name;
    EXPECT_EQ(chosen.first, c.first) << c.name;
    EXPECT_EQ(chosen.size, c.size) << c.name;
  }
}

TEST(ByteRangeTest, StaysInsideOfTheSmallestRepresentation) {
  for (const char* field : {"bytes=0-", "bytes=-1", "bytes=0-9", "bytes=-9"}) {
    const ChosenRange chosen = ChooseRange(field, 1);
    EXPECT_EQ(chosen.kind, Kind::kPart) << field;
    EXPECT_EQ(chosen.first, 0u) << field;
    EXPECT_EQ(chosen.size, 1u) << field;
  }
  EXPECT_EQ(ChooseRange("bytes=1-", 1).kind, Kind::kUnsatisfiable);
}

struct ConditionCase {
  const char* name;
  HttpMethod method;
  const char* if_range;
  bool applies;
};

TEST(RangeAppliesTest, OnlyToTheRepresentationThatTheClientHasAPartOf) {
  const ConditionCase cases[] = {
      {"no condition", HttpMethod::kGet, "", true},
      // Section 14.2: GET is the only method for which it is defined.
      {"HEAD", HttpMethod::kHead, "", false},
      {"POST", HttpMethod::kPost, "", false},
      {"its ETag", HttpMethod::kGet, "\"a\"", true},
      {"its ETag, HEAD", HttpMethod::kHead, "\"a\"", false},
      {"its ETag, weak", HttpMethod::kGet, "W/\"a\"", false},
      {"another ETag", HttpMethod::kGet, "\"b\"", false},
      {"any ETag", HttpMethod::kGet, "*", false},
      {"two ETags", HttpMethod::kGet, "\"a\", \"b\"", false},
      {"its date", HttpMethod::kGet, "Sun, 06 Nov 1994 08:49:37 GMT", true},
      {"its date, the obsolete way", HttpMethod::kGet,
       "Sunday, 06-Nov-94 08:49:37 GMT", true},
      // Section 13.1.5: "This is an exact match".
      {"a later date", HttpMethod::kGet, "Sun, 06 Nov 1994 08:49:38 GMT",
       false},
      {"an earlier date", HttpMethod::kGet, "Sun, 06 Nov 1994 08:49:36 GMT",
       false},
      {"no date", HttpMethod::kGet, "yesterday", false},
  };
  for (const ConditionCase& c : cases) {
    HttpRequest request;
    request.method = c.method;
    request.range = "bytes=0-1";
    request.if_range = c.if_range;
    request.now = absl::FromUnixSeconds(784200000);
    EXPECT_EQ(RangeApplies(request, "\"a\"", absl::FromUnixSeconds(784111777)),
              c.applies)
        << c.name;
  }
  HttpRequest none;
  EXPECT_FALSE(RangeApplies(none, "\"a\"", absl::UnixEpoch()));
}

}  // namespace
}  // namespace chancery::responder
