#include "storage/sql_value.h"

#include "base/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chancery::storage {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using ::testing::ElementsAre;

TEST(OneLineTest, ReplacesWhatIsNotText) {
  EXPECT_EQ(OneLine("CN=b\xc3\xbc\\, x"), "CN=b\xc3\xbc\\, x");
  EXPECT_EQ(OneLine(absl::string_view("a\0\n\x7f\xff", 5)),
            "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(LinesTest, ComeBack) {
  EXPECT_TRUE(SplitLines(JoinLines({})).empty());
  EXPECT_THAT(SplitLines(JoinLines({"a", "b c"})), ElementsAre("a", "b c"));
}

// PostgreSQL 15, sections 8.15.2 and 8.4.1.
TEST(ArrayOfTest, QuotesWhatArraysGiveAMeaning) {
  EXPECT_EQ(ArrayOf({}), "{}");
  EXPECT_EQ(ArrayOf({int64_t{-1}, int64_t{1} << 62}),
            "{-1,4611686018427387904}");
  EXPECT_EQ(ArrayOf({std::string(), std::string("NULL"), std::string("a,}"),
                     std::string("\\\"")}),
            R"({"","NULL","a,}","\\\""})");
  EXPECT_EQ(ArrayOf({Blob{""}, Blob{std::string("\0\xff", 2)}}),
            R"({"\\x","\\x00ff"})");
}

TEST(BlobsTest, ComeBack) {
  const std::vector<std::string> blobs = {"", std::string("\0\n", 2),
                                          std::string(70'000, 'x')};
  const auto back = SplitBlobs(JoinBlobs(blobs));
  ASSERT_THAT(back, IsOk());
  EXPECT_EQ(*back, blobs);
}

TEST(BlobsTest, CutShortAreDataLoss) {
  const std::string whole = JoinBlobs({"abc"});
  for (size_t size = 1; size < whole.size(); ++size) {
    EXPECT_THAT(SplitBlobs(absl::string_view(whole).substr(0, size)),
                StatusIs(absl::StatusCode::kDataLoss, "cut short"))
        << size;
  }
}

TEST(SecondsTest, KeepTheInfiniteFuture) {
  EXPECT_EQ(FromSeconds(ToSeconds(absl::InfiniteFuture())),
            absl::InfiniteFuture());
  const absl::Time time = absl::FromUnixSeconds(1'700'000'000);
  EXPECT_EQ(FromSeconds(ToSeconds(time)), time);
}

TEST(CheckTextsTest, LooksAtTextOnly) {
  EXPECT_THAT(CheckTexts({Blob{"\xff"}, int64_t{1}, std::string("ok")}),
              IsOk());
  EXPECT_THAT(CheckTexts({std::string("a\0", 2)}),
              StatusIs(absl::StatusCode::kInvalidArgument, "a\\x00"));
}

}  // namespace
}  // namespace chancery::storage
