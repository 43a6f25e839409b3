#include "responder/cache/gzip.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/testing/status_matchers.h"
#include "crypto/testing/command.h"
#include "gtest/gtest.h"

namespace chancery::responder {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using crypto::testing::Shell;
using crypto::testing::WriteTemp;

class GzipTest : public ::testing::Test {
 protected:
  // In pieces of `piece` bytes.
  static std::string Compress(const std::string& text, size_t piece) {
    GzipEncoder encoder;
    std::string out;
    const auto sink = [&](base::Bytes part) {
      out += base::ToString(part);
      return absl::OkStatus();
    };
    for (size_t at = 0; at < text.size(); at += piece) {
      EXPECT_THAT(
          encoder.Append(
              base::AsBytes(absl::string_view(text).substr(at, piece)), sink),
          IsOk());
    }
    EXPECT_THAT(encoder.Finish(sink), IsOk());
    return out;
  }

  static absl::StatusOr<std::string> Decompress(const std::string& bytes,
                                                size_t piece) {
    GzipDecoder decoder;
    std::string out;
    for (size_t at = 0; at < bytes.size(); at += piece) {
      const absl::Status status = decoder.Append(
          base::AsBytes(absl::string_view(bytes).substr(at, piece)),
          [&](base::Bytes part) {
            out += base::ToString(part);
            return absl::OkStatus();
          });
      if (!status.ok()) return status;
    }
    if (!decoder.finished()) return absl::InvalidArgumentError("cut off");
    return out;
  }

  GzipTest() {
    for (int i = 0; text_.size() < 300'000; ++i) {
      absl::StrAppend(&text_, i * 7919 % 100'003, ",");
    }
  }
  std::string text_;
};

TEST_F(GzipTest, WritesWhatGzipReads) {
  for (const std::string& text : {text_, std::string("a"), std::string()}) {
    const std::string path = WriteTemp("a.gz", Compress(text, 1000));
    EXPECT_TRUE(Shell("gzip -dc < " + path) == text);
  }
}

TEST_F(GzipTest, ReadsWhatGzipWrote) {
  const std::string path = WriteTemp("text", text_);
  const std::string compressed = Shell("gzip -9 -c " + path);
  for (const size_t piece : {size_t{1}, size_t{999}, compressed.size()}) {
    const auto back = Decompress(compressed, piece);
    ASSERT_THAT(back, IsOk());
    EXPECT_TRUE(*back == text_);
  }
}

// Else two responders would have two representations of one CRL.
TEST_F(GzipTest, WritesTheSameBytesHoweverTheInputIsCut) {
  const std::string once = Compress(text_, text_.size());
  EXPECT_TRUE(Compress(text_, 1) == once);
  EXPECT_TRUE(Compress(text_, 65536) == once);
  EXPECT_LT(once.size(), text_.size() * 2 / 3);
}

TEST_F(GzipTest, NoticesEveryKindOfDamage) {
  const std::string good = Compress(text_, text_.size());
  const auto refused = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(Decompress(good.substr(0, good.size() - 1), 1000),
              StatusIs(refused, "cut off"));
  EXPECT_THAT(Decompress(good + "x", 1000), StatusIs(refused, "more behind"));
  EXPECT_THAT(Decompress(good + "x", good.size() + 1),
              StatusIs(refused, "more behind"));
  EXPECT_THAT(Decompress("no gzip", 1000), StatusIs(refused, "malformed"));
  for (size_t at = good.size() - 8; at < good.size(); ++at) {
    std::string bad = good;  // Checksum and length.
    bad[at] = static_cast<char>(bad[at] ^ 1);
    EXPECT_THAT(Decompress(bad, 1000), StatusIs(refused, "malformed"));
  }
}

TEST_F(GzipTest, PassesOnTheErrorOfWhoTakesTheOutput) {
  GzipEncoder encoder;
  const auto full = [](base::Bytes) {
    return absl::ResourceExhaustedError("full");
  };
  EXPECT_THAT(encoder.Append(base::AsBytes(text_), full),
              StatusIs(absl::StatusCode::kResourceExhausted, "full"));
}

}  // namespace
}  // namespace chancery::responder
