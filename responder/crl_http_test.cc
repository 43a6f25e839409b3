#include "responder/crl_http.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "responder/cache_tags.h"
#include "responder/testing/memory_crl_source.h"
#include "responder/testing/memory_file.h"

namespace chancery::responder {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr absl::Time kThisUpdate = absl::FromUnixSeconds(1'700'000'000);
constexpr char kModified[] = "Tue, 14 Nov 2023 22:13:20 GMT";
// printf 0123456789 | sha256sum, printf zipped | sha256sum
constexpr char kPlainTag[] =
    "\"84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882\"";
constexpr char kGzipTag[] =
    "\"71571b067bc261f7acc4ba54b90563d223ccfa7bab8b82c928d45fb4a427c0e1\"";

class CrlHttpTest : public ::testing::Test {
 protected:
  CrlHttpTest() {
    source_.PutBoth("both", "0123456789", "zipped", times_);
    source_.Put("plain", "0123456789", times_);
    request_.now = kThisUpdate + absl::Hours(1);
  }

  const HttpResponse& Get(const std::string& file) {
    response_.Clear();
    http_.Get(request_, file, response_);
    return response_;
  }
  std::string Body() const {
    if (response_.file.size == 0) return response_.body;
    return testing::ReadPart(response_.file.file->get(), response_.file.offset,
                             response_.file.size);
  }
  // Of the last response; "(none)" without one.
  std::string Field(const std::string& name) const {
    for (absl::string_view line : absl::StrSplit(response_.headers, "\r\n")) {
      if (absl::ConsumePrefix(&line, absl::StrCat(name, ": "))) {
        return std::string(line);
      }
    }
    return "(none)";
  }

  const Freshness times_ = {.this_update = kThisUpdate,
                            .next_update = kThisUpdate + absl::Hours(100),
                            .refresh_at = kThisUpdate + absl::Hours(2)};
  testing::MemoryCrlSource source_;
  OcspCounters counters_;
  const CacheTags tags_;
  CrlHttp http_{source_, tags_, counters_};
  HttpRequest request_;
  HttpResponse response_;
};

TEST_F(CrlHttpTest, SendsTheWhole) {
  EXPECT_EQ(Get("plain.crl").status, 200);
  EXPECT_EQ(Body(), "0123456789");
  EXPECT_EQ(response_.headers,
            absl::StrCat("Content-Type: application/pkix-crl\r\n"
                         "Accept-Ranges: bytes\r\n"
                         "Cache-Control: max-age=3600, public, no-transform, "
                         "must-revalidate\r\n"
                         "Last-Modified: ",
                         kModified,
                         "\r\n"
                         "Expires: Sun, 19 Nov 2023 02:13:20 GMT\r\n"
                         "ETag: ",
                         kPlainTag, "\r\n"));
}

TEST_F(CrlHttpTest, SendsWhatTheClientAcceptsAndSaysThatItChose) {
  EXPECT_EQ(Get("both.crl").status, 200);
  EXPECT_EQ(Body(), "0123456789");
  EXPECT_EQ(Field("Content-Encoding"), "(none)");
  EXPECT_EQ(Field("Vary"), "Accept-Encoding");
  EXPECT_EQ(Field("ETag"), kPlainTag);

  request_.accept_encoding = "gzip";
  EXPECT_EQ(Get("both.crl").status, 200);
  EXPECT_EQ(Body(), "zipped");
  EXPECT_EQ(Field("Content-Encoding"), "gzip");
  EXPECT_EQ(Field("Content-Type"), "application/pkix-crl");
  EXPECT_EQ(Field("Vary"), "Accept-Encoding");
  EXPECT_EQ(Field("ETag"), kGzipTag);

  request_.accept_encoding = "gzip;q=0";
  EXPECT_EQ(Get("both.crl").status, 200);
  EXPECT_EQ(Body(), "0123456789");

  // There is no choice.
  request_.accept_encoding = "gzip";
  EXPECT_EQ(Get("plain.crl").status, 200);
  EXPECT_EQ(Body(), "0123456789");
  EXPECT_EQ(Field("Content-Encoding"), "(none)");
  EXPECT_EQ(Field("Vary"), "(none)");
}

TEST_F(CrlHttpTest, SendsAPart) {
  request_.range = "bytes=2-4";
  EXPECT_EQ(Get("plain.crl").status, 206);
  EXPECT_EQ(Body(), "234");
  EXPECT_EQ(Field("Content-Range"), "bytes 2-4/10");
  EXPECT_EQ(Field("ETag"), kPlainTag);
  request_.range = "bytes=-3";
  EXPECT_EQ(Get("plain.crl").status, 206);
  EXPECT_EQ(Body(), "789");
  EXPECT_EQ(Field("Content-Range"), "bytes 7-9/10");
  // A part of the representation that is chosen.
  request_.accept_encoding = "gzip";
  EXPECT_EQ(Get("both.crl").status, 206);
  EXPECT_EQ(Body(), "ped");
  EXPECT_EQ(Field("Content-Range"), "bytes 3-5/6");
  EXPECT_EQ(Field("Content-Encoding"), "gzip");
}

TEST_F(CrlHttpTest, RefusesAPartThatIsNotThere) {
  request_.range = "bytes=10-";
  EXPECT_EQ(Get("plain.crl").status, 416);
  // RFC 9110 section 15.5.17.
  EXPECT_EQ(Field("Content-Range"), "bytes */10");
  EXPECT_EQ(Field("Cache-Control"), "no-store");
  EXPECT_EQ(Field("ETag"), "(none)");
  EXPECT_EQ(response_.file.size, 0u);
}

TEST_F(CrlHttpTest, AnswersSeveralRangesWithTheWhole) {
  request_.range = "bytes=0-1,5-6";
  EXPECT_EQ(Get("plain.crl").status, 200);
  EXPECT_EQ(Body(), "0123456789");
  EXPECT_EQ(Field("Content-Range"), "(none)");
}

struct ConditionCase {
  const char* name;
  const char* if_none_match;
  const char* if_range;
  const char* range;
  int status;
};

// RFC 9110 section 13.2.2: If-None-Match comes before If-Range.
TEST_F(CrlHttpTest, LooksAtPreconditionsInTheirOrder) {
  const ConditionCase cases[] = {
      {"has it", kPlainTag, "", "", 304},
      {"has it and wants a part", kPlainTag, "", "bytes=0-1", 304},
      {"has another", "\"x\"", "", "", 200},
      {"has another and wants a part", "\"x\"", "", "bytes=0-1", 206},
      {"goes on", "", kPlainTag, "bytes=2-", 206},
      {"goes on, by date", "", kModified, "bytes=2-", 206},
      {"it has changed", "", "\"x\"", "bytes=2-", 200},
      {"has changed, and the range is none", "", "\"x\"", "bytes=99-", 200},
      {"goes on with the other coding", "", kGzipTag, "bytes=2-", 200},
      {"goes on at the end", "", kPlainTag, "bytes=10-", 416},
      {"has the other coding", kGzipTag, "", "", 200},
  };
  for (const ConditionCase& c : cases) {
    request_.if_none_match = c.if_none_match;
    request_.if_range = c.if_range;
    request_.range = c.range;
    EXPECT_EQ(Get("both.crl").status, c.status) << c.name;
    if (c.status == 200) {
      EXPECT_EQ(Body(), "0123456789") << c.name;
    }
    if (c.status == 304) {
      EXPECT_EQ(response_.file.size, 0u) << c.name;
      // RFC 9110 section 15.4.5.
      EXPECT_EQ(Field("ETag"), kPlainTag) << c.name;
      EXPECT_EQ(Field("Vary"), "Accept-Encoding") << c.name;
    }
  }
}

TEST_F(CrlHttpTest, AHeadIsOfTheWhole) {
  request_.method = HttpMethod::kHead;
  request_.range = "bytes=2-4";
  EXPECT_EQ(Get("plain.crl").status, 200);
  EXPECT_EQ(response_.file.size, 10u);
}

TEST_F(CrlHttpTest, HasClientsComeBackForWhatCannotBeOpened) {
  source_.PutGone("gone", times_);
  EXPECT_EQ(Get("gone.crl").status, 503);
  EXPECT_EQ(Field("Retry-After"), "1");
  EXPECT_EQ(Field("Cache-Control"), "no-store");
  EXPECT_EQ(Field("Accept-Ranges"), "(none)");
  EXPECT_EQ(counters_.Get(OcspCount::kCrlUnavailable), 1u);
  EXPECT_EQ(counters_.Get(OcspCount::kCrl), 0u);
}

TEST_F(CrlHttpTest, DoesNotSendWhatHasExpired) {
  request_.now = times_.next_update;
  request_.range = "bytes=0-1";
  EXPECT_EQ(Get("plain.crl").status, 503);
  EXPECT_EQ(response_.file.size, 0u);
  EXPECT_THAT(response_.headers, Not(HasSubstr("ETag")));
}

}  // namespace
}  // namespace chancery::responder
