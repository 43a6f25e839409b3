#include "responder/public_http.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "gtest/gtest.h"
#include "responder/cache_tags.h"
#include "responder/testing/fake_ocsp_source.h"
#include "responder/testing/memory_crl_source.h"
#include "responder/testing/memory_file.h"

namespace chancery::responder {
namespace {

// Made with Python's bytes and read back by `openssl ocsp -reqin`.
constexpr char kNameHash[] = "709e699797afffac877a00767f15005762df21ea";
constexpr char kKeyHash[] = "cf9559bbe33e338626b45181faafed539dd528b6";
constexpr char kSerial[] = "01b6bf479debf500ca6ad0c7cb2ea303";
constexpr char kCertId[] =
    "3049300906052b0e03021a05000414709e699797afffac877a00767f15005762df21ea0414"
    "cf9559bbe33e338626b45181faafed539dd528b6021001b6bf479debf500ca6ad0c7cb2ea3"
    "03";
constexpr char kGetPath[] =
    "MFEwTzBNMEswSTAJBgUrDgMCGgUABBRwnmmXl6//rId6AHZ/FQBXYt8h6gQUz5VZu+M+M4YmtF"
    "GB+q/tU53VKLYCEAG2v0ed6/UAymrQx8suowM=";

// printf SIGNED | sha256sum
constexpr char kEtag[] =
    "\"701723fe5f16a8896b311c732bf873b607c2e7fc1adfbf024de3ada6bb9b6c82\"";

constexpr char kMalformed[] = "30030a0101";
constexpr char kTryLater[] = "30030a0103";
constexpr char kUnauthorized[] = "30030a0106";

std::string Bytes(absl::string_view hex) { return *base::FromHex(hex); }

std::string Tlv(const char* tag, const std::string& hex) {
  const uint8_t size[] = {static_cast<uint8_t>(hex.size() / 2)};
  if (hex.size() / 2 < 128) return absl::StrCat(tag, base::Hex(size), hex);
  return absl::StrCat(tag, "81", base::Hex(size), hex);
}

// An OCSPRequest of some CertIDs (all in hex) and requestExtensions.
std::string RequestOf(const std::string& cert_ids_each_in_request,
                      const std::string& extensions = "") {
  return Bytes(
      Tlv("30", Tlv("30", Tlv("30", cert_ids_each_in_request) + extensions)));
}

std::string CertIdHex(const char* algorithm, const std::string& name_hash,
                      const std::string& key_hash, const std::string& serial) {
  return Tlv("30", absl::StrCat(algorithm, Tlv("04", name_hash),
                                Tlv("04", key_hash), Tlv("02", serial)));
}
constexpr char kSha1WithNull[] = "300906052b0e03021a0500";
constexpr char kSha1Bare[] = "300706052b0e03021a";
constexpr char kSha256Bare[] = "300b0609608648016503040201";

const absl::Time kNow = absl::FromUnixSeconds(1700000000);
const Freshness kTimes{.this_update = kNow - absl::Hours(1),
                       .next_update = kNow + absl::Hours(95),
                       .refresh_at = kNow + absl::Hours(47)};

class PublicHttpTest : public ::testing::Test {
 protected:
  PublicHttpTest() {
    Put(x509::CertIdHash::kSha1, kNameHash, kKeyHash, kSerial, "SIGNED");
    crls_.Put("issuing", "CRL", kTimes);
  }

  void Put(x509::CertIdHash hash, absl::string_view name_hash,
           absl::string_view key_hash, absl::string_view serial,
           const std::string& der, const Freshness& times = kTimes) {
    const std::string name = Bytes(name_hash);
    const std::string key = Bytes(key_hash);
    const std::string number = Bytes(serial);
    ocsp_.Put({.hash = hash,
               .name_hash = base::AsBytes(name),
               .key_hash = base::AsBytes(key),
               .serial = base::AsBytes(number)},
              der, times);
  }

  HttpResponse Ask(const HttpRequest& request) {
    HttpRequest timed = request;
    if (timed.now == absl::Time()) timed.now = kNow;
    HttpResponse response;
    http_.Handle(timed, response);
    TakeBody(response);
    // Begun before it is answered, it says the same.
    if (together_.Begin(timed, *work_)) {
      for (int i = 0; i < HttpHandler::kApproaches; ++i) {
        together_.Approach(*work_);
      }
      timed.work = work_.get();
    }
    HttpResponse other;
    together_.Handle(timed, other);
    TakeBody(other);
    EXPECT_EQ(other.status, response.status);
    EXPECT_EQ(other.headers, response.headers);
    EXPECT_EQ(other.body, response.body);
    return response;
  }
  // So that it stays when the handler is called again.
  static void TakeBody(HttpResponse& response) {
    response.body = std::string(response.BodyBytes());
    response.kept_body = {};
  }
  HttpResponse Get(absl::string_view target) {
    HttpRequest request;
    request.target = target;
    return Ask(request);
  }
  HttpResponse Post(absl::string_view body,
                    absl::string_view type = "application/ocsp-request") {
    HttpRequest request;
    request.method = HttpMethod::kPost;
    request.target = "/";
    request.body = body;
    request.content_type = type;
    return Ask(request);
  }
  static std::string Hex(const HttpResponse& response) {
    return base::Hex(base::AsBytes(response.body));
  }

  absl::Status ready_;
  testing::FakeOcspSource ocsp_;
  testing::MemoryCrlSource crls_;
  OcspCounters counters_;
  PublicHttp http_{{.path_prefix = "", .ready = [this] { return ready_; }},
                   ocsp_,
                   crls_,
                   counters_};
  OcspCounters other_counters_;
  PublicHttp together_{{.path_prefix = "", .ready = [this] { return ready_; }},
                       ocsp_,
                       crls_,
                       other_counters_};
  const std::unique_ptr<HttpWork> work_ = together_.NewWork();
};

TEST_F(PublicHttpTest, TagsWhatACdnMayKeep) {
  PublicHttp tagging({.path_prefix = "",
                      .ready = [this] { return ready_; },
                      .tags = *CacheTags::Create({"Cache-Tag"})},
                     ocsp_, crls_, counters_);
  HttpRequest request;
  request.now = kNow;
  const std::string target = absl::StrCat("/", kGetPath);
  request.target = target;
  HttpResponse response;
  tagging.Handle(request, response);
  EXPECT_TRUE(absl::EndsWith(
      response.headers, absl::StrCat("\r\nCache-Tag: ocsp/issuing/", kSerial,
                                     ",ocsp/issuing\r\n")))
      << response.headers;
  request.target = "/crl/issuing.crl";
  response.Clear();
  tagging.Handle(request, response);
  EXPECT_TRUE(
      absl::EndsWith(response.headers, "\r\nCache-Tag: crl/issuing\r\n"))
      << response.headers;
}

TEST_F(PublicHttpTest, AnswersAGetWithTheFieldsOfRfc9919) {
  const HttpResponse response = Get(absl::StrCat("/", kGetPath));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "SIGNED");
  EXPECT_EQ(response.headers,
            absl::StrCat("Content-Type: application/ocsp-response\r\n"
                         "Cache-Control: max-age=169200, public, no-transform, "
                         "must-revalidate\r\n"
                         "Last-Modified: Tue, 14 Nov 2023 21:13:20 GMT\r\n"
                         "Expires: Sat, 18 Nov 2023 21:13:20 GMT\r\n"
                         "ETag: ",
                         kEtag, "\r\n"));
  EXPECT_EQ(counters_.Get(OcspCount::kAnswered), 1);
}

TEST_F(PublicHttpTest, AnswersAPostAndAHeadLikeAGet) {
  const HttpResponse get = Get(absl::StrCat("/", kGetPath));
  const HttpResponse post = Post(RequestOf(Tlv("30", kCertId)));
  EXPECT_EQ(post.body, get.body);
  EXPECT_EQ(post.headers, get.headers);
  HttpRequest head;
  head.method = HttpMethod::kHead;
  const std::string target = absl::StrCat("/", kGetPath);
  head.target = target;
  EXPECT_EQ(Ask(head).headers, get.headers);
}

TEST_F(PublicHttpTest, ForgetsAnAnswerWhenItChanges) {
  const std::string path = absl::StrCat("/", kGetPath);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Get(path).body, "SIGNED");
  EXPECT_EQ(counters_.Get(OcspCount::kAnswered), 3);
  EXPECT_EQ(counters_.Get(OcspCount::kRecent), 2);
  const Freshness newer{.this_update = kNow,
                        .next_update = kNow + absl::Hours(96),
                        .refresh_at = kNow + absl::Hours(48)};
  Put(x509::CertIdHash::kSha1, kNameHash, kKeyHash, kSerial, "NEWER", newer);
  for (int i = 0; i < 3; ++i) {
    const HttpResponse response = Get(path);
    EXPECT_EQ(response.body, "NEWER");
    EXPECT_TRUE(absl::StrContains(response.headers,
                                  "Last-Modified: Tue, 14 Nov 2023 22:13:20 "
                                  "GMT\r\n"))
        << response.headers;
  }
}

TEST_F(PublicHttpTest, AnAnswerThatIsAskedForAgainHasItsAge) {
  HttpRequest request;
  const std::string path = absl::StrCat("/", kGetPath);
  request.target = path;
  for (const int seconds : {0, 1, 59, 3600}) {
    request.now = kNow + absl::Seconds(seconds);
    EXPECT_TRUE(
        absl::StrContains(Ask(request).headers,
                          absl::StrCat("max-age=", 47 * 3600 - seconds, ",")));
  }
}

TEST_F(PublicHttpTest, TakesSlashesAndAQueryAroundTheRequest) {
  EXPECT_EQ(Get(absl::StrCat("//", kGetPath)).body, "SIGNED");
  EXPECT_EQ(Get(absl::StrCat("/", kGetPath, "?cache=no")).body, "SIGNED");
}

TEST_F(PublicHttpTest, FindsRequestsBelowThePrefix) {
  PublicHttp http({.path_prefix = "/ocsp/", .ready = {}}, ocsp_, crls_,
                  counters_);
  struct Case {
    std::string target;
    int status;
    const char* body;
  };
  const Case cases[] = {
      {absl::StrCat("/ocsp/", kGetPath), 200, "SIGNED"},
      {absl::StrCat("//ocsp//", kGetPath), 200, "SIGNED"},
      {absl::StrCat("/", kGetPath), 404, "not found\n"},
      {absl::StrCat("/ocspx/", kGetPath), 404, "not found\n"},
      {"/ocsp", 200, "Chancery OCSP responder\n"},
      {"/ocsp/", 200, "Chancery OCSP responder\n"},
      {"/", 200, "Chancery OCSP responder\n"},
  };
  for (const Case& c : cases) {
    HttpRequest request;
    request.target = c.target;
    request.now = kNow;
    HttpResponse response;
    http.Handle(request, response);
    EXPECT_EQ(response.status, c.status) << c.target;
    EXPECT_EQ(response.BodyBytes(), c.body) << c.target;
  }
  const std::string body = RequestOf(Tlv("30", kCertId));
  for (const auto& [target, status] :
       {std::pair<const char*, int>{"/ocsp", 200},
        {"/ocsp/", 200},
        {"/", 404},
        {"/ocsp/x", 404}}) {
    HttpRequest request;
    request.method = HttpMethod::kPost;
    request.target = target;
    request.body = body;
    request.now = kNow;
    HttpResponse response;
    http.Handle(request, response);
    EXPECT_EQ(response.status, status) << target;
  }
}

struct OcspCase {
  const char* name;
  std::string request;
  std::string response_hex;
};

TEST_F(PublicHttpTest, AnswersEachRequestAsItDeserves) {
  const std::string other_serial = "0c";
  const std::string signed_hex = base::Hex(base::AsBytes("SIGNED", 6));
  const std::string known = Tlv("30", kCertId);
  const auto request_of = [](const char* algorithm, const std::string& name,
                             const std::string& key,
                             const std::string& serial) {
    return RequestOf(Tlv("30", CertIdHex(algorithm, name, key, serial)));
  };
  // [2] requestExtensions with an id-pkix-ocsp-nonce of `octets` octets.
  const auto nonce = [](size_t octets) {
    const std::string value = Tlv("04", std::string(octets * 2, 'a'));
    return Tlv("a2", Tlv("30", Tlv("30", "06092b0601050507300102" +
                                             Tlv("04", value))));
  };
  const OcspCase cases[] = {
      {"known", RequestOf(known), signed_hex},
      {"parameters absent", request_of(kSha1Bare, kNameHash, kKeyHash, kSerial),
       signed_hex},
      {"with a nonce", RequestOf(known, nonce(32)), signed_hex},
      {"nonce of 0", RequestOf(known, nonce(0)), kMalformed},
      {"nonce of 129", RequestOf(known, nonce(129)), kMalformed},
      {"same CertID twice", RequestOf(known + known), signed_hex},
      {"unknown serial",
       request_of(kSha1WithNull, kNameHash, kKeyHash, other_serial),
       kUnauthorized},
      {"other issuer name",
       request_of(kSha1WithNull, kKeyHash, kKeyHash, kSerial), kUnauthorized},
      {"other issuer key",
       request_of(kSha1WithNull, kNameHash, kNameHash, kSerial), kUnauthorized},
      {"other hash",
       request_of(kSha256Bare, std::string(64, 'a'), std::string(64, 'a'),
                  kSerial),
       kUnauthorized},
      {"a known one and an unknown",
       RequestOf(known + Tlv("30", CertIdHex(kSha1WithNull, kNameHash, kKeyHash,
                                             other_serial))),
       kUnauthorized},
      {"serial that is not minimal",
       request_of(kSha1WithNull, kNameHash, kKeyHash,
                  absl::StrCat("00", kSerial)),
       kMalformed},
      {"no CertID", RequestOf(""), kMalformed},
      {"trailing byte", RequestOf(known) + "x", kMalformed},
      {"nothing", "", kMalformed},
      {"text", "hello", kMalformed},
  };
  for (const OcspCase& c : cases) {
    const HttpResponse post = Post(c.request);
    EXPECT_EQ(post.status, 200) << c.name;
    EXPECT_EQ(Hex(post), c.response_hex) << c.name;
    const std::string error_headers =
        "Content-Type: application/ocsp-response\r\n"
        "Cache-Control: no-store\r\n";
    EXPECT_EQ(post.headers == error_headers, c.response_hex != signed_hex)
        << c.name;
    if (c.request.empty()) continue;
    const std::string base64 = base::Base64(base::AsBytes(c.request));
    EXPECT_EQ(Hex(Get(absl::StrCat("/", base64))), c.response_hex) << c.name;
  }
}

TEST_F(PublicHttpTest, AnswersSeveralCertIdsThatOneResponseCovers) {
  const std::string sha256_hash(64, 'b');
  const std::string both =
      Tlv("30", kCertId) +
      Tlv("30", CertIdHex(kSha256Bare, sha256_hash, sha256_hash, kSerial));
  // The `dual` form: one response, whichever CertID was asked for.
  Put(x509::CertIdHash::kSha256, sha256_hash, sha256_hash, kSerial, "SIGNED");
  EXPECT_EQ(Post(RequestOf(both)).body, "SIGNED");
  // The `both` form: two.
  Put(x509::CertIdHash::kSha256, sha256_hash, sha256_hash, kSerial, "OTHER");
  EXPECT_EQ(Hex(Post(RequestOf(both))), kUnauthorized);
  EXPECT_EQ(counters_.Get(OcspCount::kSeveral), 1);
}

TEST_F(PublicHttpTest, SaysTryLaterWhileItDoesNotKnow) {
  ocsp_.SetUnavailable(true);
  EXPECT_EQ(Hex(Get(absl::StrCat("/", kGetPath))), kTryLater);
  EXPECT_EQ(counters_.Get(OcspCount::kUnavailable), 1);
}

TEST_F(PublicHttpTest, RefusesAtNextUpdateAndBeforeThisUpdate) {
  const std::string target = absl::StrCat("/", kGetPath);
  HttpRequest request;
  request.target = target;
  request.now = kTimes.next_update - absl::Seconds(1);
  EXPECT_EQ(Ask(request).body, "SIGNED");
  request.now = kTimes.next_update;
  EXPECT_EQ(Hex(Ask(request)), kTryLater);
  request.now = kTimes.this_update - absl::Minutes(6);
  EXPECT_EQ(Hex(Ask(request)), kTryLater);
  EXPECT_EQ(counters_.Get(OcspCount::kNotCurrent), 2);
}

TEST_F(PublicHttpTest, AClientThatHasItGets304) {
  const std::string target = absl::StrCat("/", kGetPath);
  const HttpResponse full = Get(target);
  HttpRequest request;
  request.target = target;
  request.if_none_match = kEtag;
  EXPECT_EQ(Ask(request).status, 304);
  EXPECT_EQ(Ask(request).headers, full.headers);
  request.if_none_match = {};
  request.if_modified_since = "Tue, 14 Nov 2023 21:13:20 GMT";
  EXPECT_EQ(Ask(request).status, 304);
  request.if_modified_since = "Tue, 14 Nov 2023 21:13:19 GMT";
  EXPECT_EQ(Ask(request).status, 200);
}

TEST_F(PublicHttpTest, AnErrorIsNever304) {
  HttpRequest request;
  request.target = "/none";
  request.if_none_match = "*";
  EXPECT_EQ(Ask(request).status, 200);
}

TEST_F(PublicHttpTest, RefusesOtherContentTypes) {
  const std::string body = RequestOf(Tlv("30", kCertId));
  EXPECT_EQ(Post(body, "text/plain").status, 415);
  EXPECT_EQ(Post(body, "application/ocsp-response").status, 415);
  EXPECT_EQ(Post(body, "").status, 200);
  EXPECT_EQ(Post(body, "Application/OCSP-Request; x=y").status, 200);
}

TEST_F(PublicHttpTest, RefusesOtherMethods) {
  HttpRequest request;
  request.method = HttpMethod::kOther;
  request.target = "/";
  const HttpResponse response = Ask(request);
  EXPECT_EQ(response.status, 405);
  EXPECT_NE(response.headers.find("Allow: GET, HEAD, POST\r\n"),
            std::string::npos);
}

TEST_F(PublicHttpTest, TellsThatItIsAliveAndWhetherItIsReady) {
  EXPECT_EQ(Get("/").status, 200);
  EXPECT_EQ(Get("/healthz").body, "ok\n");
  EXPECT_EQ(Get("/readyz").status, 200);
  ready_ = absl::UnavailableError("3 blocks are missing");
  EXPECT_EQ(Get("/readyz").status, 503);
  EXPECT_EQ(Get("/readyz").body, "3 blocks are missing\n");
  EXPECT_EQ(Get("/healthz").status, 200);
}

TEST_F(PublicHttpTest, ServesACrl) {
  const HttpResponse response = Get("/crl/issuing.crl");
  EXPECT_EQ(response.status, 200);
  ASSERT_NE(response.file.file, nullptr);
  EXPECT_EQ(response.file.offset, 0u);
  EXPECT_EQ(response.file.size, 3u);
  EXPECT_EQ(testing::ReadPart(response.file.file->get(), 0, 10), "CRL");
  // printf CRL | sha256sum
  EXPECT_EQ(response.headers,
            "Content-Type: application/pkix-crl\r\n"
            "Accept-Ranges: bytes\r\n"
            "Cache-Control: max-age=169200, public, no-transform, "
            "must-revalidate\r\n"
            "Last-Modified: Tue, 14 Nov 2023 21:13:20 GMT\r\n"
            "Expires: Sat, 18 Nov 2023 21:13:20 GMT\r\n"
            "ETag: "
            "\"e399c691ae45809edb61442ea81b47b96e447b0a21d62f42824517f05d5f78c5"
            "\"\r\n");
}

TEST_F(PublicHttpTest, ServesACrlOnlyToThoseWhoDoNotHaveIt) {
  HttpRequest request;
  request.target = "/crl/issuing.crl";
  request.if_none_match =
      "\"e399c691ae45809edb61442ea81b47b96e447b0a21d62f42824517f05d5f78c5\"";
  const HttpResponse response = Ask(request);
  EXPECT_EQ(response.status, 304);
  EXPECT_EQ(response.file.size, 0u);
}

TEST_F(PublicHttpTest, HasNoCrlOfAnotherName) {
  for (const char* target : {"/crl/other.crl", "/crl/issuing", "/crl/",
                             "/crl/.crl", "/crl/../issuing.crl"}) {
    EXPECT_EQ(Get(target).status, 404) << target;
  }
}

TEST_F(PublicHttpTest, HoldsBackACrlThatHasExpired) {
  HttpRequest request;
  request.target = "/crl/issuing.crl";
  request.now = kTimes.next_update;
  const HttpResponse response = Ask(request);
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(counters_.Get(OcspCount::kCrlExpired), 1);
}

}  // namespace
}  // namespace chancery::responder
