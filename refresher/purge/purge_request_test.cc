#include "refresher/purge/purge_request.h"

#include <map>
#include <string>

#include "absl/strings/match.h"
#include "base/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chancery::refresher {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::StartsWith;

constexpr absl::Time kNow = absl::FromUnixSeconds(1395430461);

PurgeWork Work() {
  return {.issuer = "issuing",
          .serials = {"01ab", "02"},
          .tags = {"ocsp/issuing/01ab", "ocsp/issuing/02"},
          .urls = {"http://ocsp.example.com/MEEw%3D"}};
}

std::vector<HttpRequest> Requests(const PurgeEndpoint& endpoint,
                                  const std::string& token,
                                  const PurgeWork& work = Work()) {
  auto requests = PurgeRequests(endpoint, work,
                                base::Secret(std::string(token)), kNow, "n");
  EXPECT_THAT(requests, IsOk());
  return *std::move(requests);
}

constexpr auto kJson = "application/json";

// https://www.fastly.com/documentation/reference/api/purging/ "Purge multiple
// surrogate key tags": up to 256 keys.
TEST(PurgeRequestsTest, SpeaksFastly) {
  const auto requests = Requests({.shape = PurgeShape::kFastly,
                                  .url = "https://api.fastly.com",
                                  .id = "SU1Z0isxPaozGVKXdv0eY"},
                                 "secret\n");
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].url,
            "https://api.fastly.com/service/SU1Z0isxPaozGVKXdv0eY/purge");
  EXPECT_THAT(requests[0].fields,
              ElementsAre(Pair("Content-Type", kJson), Pair("Accept", kJson),
                          Pair("Fastly-Key", "secret")));
  EXPECT_EQ(requests[0].body,
            R"({"surrogate_keys":["ocsp/issuing/01ab","ocsp/issuing/02"]})");
  const auto soft = Requests(
      {.shape = PurgeShape::kFastly, .url = "u", .id = "i", .soft = true}, "s");
  EXPECT_THAT(soft[0].fields.back(), Pair("Fastly-Soft-Purge", "1"));
}

// https://developers.cloudflare.com/api/resources/cache/methods/purge/
TEST(PurgeRequestsTest, SpeaksCloudflare) {
  PurgeEndpoint endpoint{.shape = PurgeShape::kCloudflare,
                         .url = "https://api.cloudflare.com/client/v4",
                         .id = "023e105f4ecef8ad9ca31a8372d0c353"};
  const auto by_tag = Requests(endpoint, "secret");
  ASSERT_EQ(by_tag.size(), 1u);
  EXPECT_EQ(by_tag[0].url,
            "https://api.cloudflare.com/client/v4/zones/"
            "023e105f4ecef8ad9ca31a8372d0c353/purge_cache");
  EXPECT_THAT(by_tag[0].fields.back(), Pair("Authorization", "Bearer secret"));
  EXPECT_EQ(by_tag[0].body,
            R"({"tags":["ocsp/issuing/01ab","ocsp/issuing/02"]})");
  endpoint.by_url = true;
  EXPECT_EQ(Requests(endpoint, "secret")[0].body,
            R"({"files":["http://ocsp.example.com/MEEw%3D"]})");
}

// https://techdocs.akamai.com/purge-cache/reference
TEST(PurgeRequestsTest, SpeaksAkamai) {
  const std::string edgerc =
      "client_secret=s\nhost=h.luna.akamaiapis.net\naccess_token=a\n"
      "client_token=c\n";
  PurgeEndpoint endpoint{.shape = PurgeShape::kAkamai};
  const auto requests = Requests(endpoint, edgerc);
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].url,
            "https://h.luna.akamaiapis.net/ccu/v3/delete/tag/production");
  EXPECT_EQ(requests[0].body,
            R"({"objects":["ocsp/issuing/01ab","ocsp/issuing/02"]})");
  EXPECT_THAT(requests[0].fields.back(),
              Pair("Authorization",
                   StartsWith("EG1-HMAC-SHA256 client_token=c;access_token=a;"
                              "timestamp=20140321T19:34:21+0000;nonce=n-0;"
                              "signature=")));
  endpoint.by_url = endpoint.soft = true;
  EXPECT_EQ(Requests(endpoint, edgerc)[0].url,
            "https://h.luna.akamaiapis.net/ccu/v3/invalidate/url/production");
}

TEST(PurgeRequestsTest, SpeaksPlainly) {
  const PurgeEndpoint endpoint{.url = "https://purge.example.com/hook"};
  const auto requests = Requests(endpoint, "");
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].url, "https://purge.example.com/hook");
  EXPECT_EQ(requests[0].fields.size(), 2u);
  EXPECT_EQ(requests[0].body,
            R"({"issuer":"issuing","serials":["01ab","02"],)"
            R"("tags":["ocsp/issuing/01ab","ocsp/issuing/02"],)"
            R"("urls":["http://ocsp.example.com/MEEw%3D"]})");
  EXPECT_THAT(Requests(endpoint, "t")[0].fields.back(),
              Pair("Authorization", "Bearer t"));
}

TEST(PurgeRequestsTest, NoRequestHasMoreThanTheLimit) {
  PurgeWork work;
  for (int i = 0; i < 61; ++i) work.tags.push_back("t" + std::to_string(i));
  const auto requests = Requests(
      {.shape = PurgeShape::kCloudflare, .url = "u", .id = "z", .limit = 30},
      "s", work);
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_THAT(requests[1].body, StartsWith(R"({"tags":["t30",)"));
  EXPECT_EQ(requests[2].body, R"({"tags":["t60"]})");
}

TEST(PurgeRequestsTest, SaysWhatIsWrongWithATokenAndDoesNotShowIt) {
  const auto failed = [](PurgeShape shape, const std::string& token) {
    return PurgeRequests({.shape = shape, .url = "u", .id = "i"}, Work(),
                         base::Secret(std::string(token)), kNow, "n")
        .status();
  };
  EXPECT_THAT(failed(PurgeShape::kFastly, "\nx"),
              StatusIs(absl::StatusCode::kInvalidArgument, "empty"));
  EXPECT_THAT(failed(PurgeShape::kFastly, "a\rInjected: x"),
              StatusIs(absl::StatusCode::kInvalidArgument, "space"));
  const absl::Status akamai = failed(PurgeShape::kAkamai, "hidden");
  EXPECT_THAT(akamai, StatusIs(absl::StatusCode::kInvalidArgument, "host"));
  EXPECT_FALSE(absl::StrContains(akamai.ToString(), "hidden"));
}

}  // namespace
}  // namespace chancery::refresher
