#include "signer/origin.h"

#include <string>

#include "base/bytes.h"
#include "base/encoding.h"
#include "base/testing/status_matchers.h"
#include "gtest/gtest.h"

namespace chancery::signer {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;

Asker Ask(const std::string& request_id, const std::string& requester = "") {
  return {.caller_uri = "spiffe://test/authority/a",
          .requester = requester,
          .request_id = request_id};
}

std::string HashOf(std::initializer_list<absl::string_view> parts) {
  return MakeOrigin(Ask("1"), parts)->request_hash;
}

TEST(MakeOriginTest, KeepsWhoAskedAsTheySaidIt) {
  const auto origin = MakeOrigin(Ask("größe ✓", "user:jürgen"), {"issue"});
  ASSERT_THAT(origin, IsOk());
  EXPECT_EQ(origin->caller, "spiffe://test/authority/a");
  EXPECT_EQ(origin->requester, "user:jürgen");
  EXPECT_EQ(origin->request_id, "größe ✓");
}

// TRUST 3: the same id with another request is refused, so no two requests may
// have one hash.
TEST(MakeOriginTest, TellsRequestsApartWhereverTheirPartsAreCut) {
  EXPECT_EQ(HashOf({"ab", "c"}), HashOf({"ab", "c"}));
  EXPECT_NE(HashOf({"ab", "c"}), HashOf({"a", "bc"}));
  EXPECT_NE(HashOf({"ab", "c"}), HashOf({"abc"}));
  EXPECT_NE(HashOf({"ab", "c"}), HashOf({"ab", "c", ""}));
  EXPECT_NE(HashOf({"1:a"}), HashOf({"", "a"}));
}

// From `printf 1:a2:bc | openssl dgst -sha256`.
TEST(MakeOriginTest, HashesEachPartWithItsLength) {
  const std::string hash = HashOf({"a", "bc"});
  EXPECT_EQ(base::Hex(base::AsBytes(hash)),
            "5310a58788781ab25d5ad7c3f8503582"
            "4b4eb7bdfa394e0ac2186271472b5492");
}

// TRUST 1: the inventory follows the ledger; what its database refuses would
// hold it up for ever.
struct TextCase {
  const char* name;
  std::string text;
  const char* shown;  // Hex in the message.
};

class MakeOriginTextTest : public ::testing::TestWithParam<TextCase> {};

TEST_P(MakeOriginTextTest, RefusesItInBothFields) {
  const TextCase& c = GetParam();
  EXPECT_THAT(MakeOrigin(Ask(c.text), {"x"}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       std::string("request_id: bytes ") + c.shown));
  EXPECT_THAT(MakeOrigin(Ask("1", c.text), {"x"}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       std::string("requester: bytes ") + c.shown));
  EXPECT_THAT(CheckRequester(c.text),
              StatusIs(absl::StatusCode::kInvalidArgument, c.shown));
}

INSTANTIATE_TEST_SUITE_P(
    , MakeOriginTextTest,
    ::testing::Values(TextCase{"Nul", std::string("a\0b", 3), "610062"},
                      TextCase{"OnlyNul", std::string(1, '\0'), "00"},
                      TextCase{"NewLine", "a\nb", "610a62"},
                      TextCase{"Escape", "\x1b[2J", "1b5b324a"},
                      TextCase{"Delete", "\x7f", "7f"},
                      TextCase{"LoneContinuation", "\x80", "80"},
                      TextCase{"Truncated", "ab\xe2\x82", "6162e282"},
                      TextCase{"Overlong", "\xc0\xaf", "c0af"},
                      TextCase{"Surrogate", "\xed\xa0\x80", "eda080"},
                      TextCase{"BeyondUnicode", "\xf4\x90\x80\x80",
                               "f4908080"}),
    [](const auto& info) { return info.param.name; });

TEST(MakeOriginTest, RefusesLengthsThatTheLedgerHasNoRoomFor) {
  EXPECT_THAT(MakeOrigin(Ask(""), {"x"}),
              StatusIs(absl::StatusCode::kInvalidArgument, "request_id"));
  EXPECT_THAT(MakeOrigin(Ask(std::string(128, 'i')), {"x"}), IsOk());
  EXPECT_THAT(MakeOrigin(Ask(std::string(129, 'i')), {"x"}),
              StatusIs(absl::StatusCode::kInvalidArgument, "129"));
  EXPECT_THAT(MakeOrigin(Ask("1", std::string(1024, 'r')), {"x"}), IsOk());
  EXPECT_THAT(MakeOrigin(Ask("1", std::string(1025, 'r')), {"x"}),
              StatusIs(absl::StatusCode::kInvalidArgument, "1025"));
}

TEST(UsedForAnotherTest, NamesTheRequest) {
  EXPECT_THAT(UsedForAnother({.request_id = "order 7"}),
              StatusIs(absl::StatusCode::kAlreadyExists, "\"order 7\""));
}

}  // namespace
}  // namespace chancery::signer
