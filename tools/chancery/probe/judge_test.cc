#include "tools/chancery/probe/judge.h"

#include "gtest/gtest.h"
#include "signer/testing/signer_world.h"
#include "x509/ocsp/response.h"

namespace chancery::cli {
namespace {

using signer::testing::SignerWorld;

class JudgeTest : public ::testing::Test {
 protected:
  JudgeTest()
      : issuer_(
            std::make_shared<const x509::Certificate>(*x509::Certificate::Parse(
                base::AsBytes(world_.pki.issuer().certificate)))),
        serial_(world_.Issue("first")->serial) {}

  OcspProbe Probe(Expected expected = Expected::kGood) {
    return {.target = "http://responder",
            .serial = serial_,
            .issuer = issuer_,
            .expected = expected};
  }
  static HttpResponse Http(std::string body,
                           std::string cache = "max-age=3600, public") {
    return {.status = 200,
            .content_type = "application/ocsp-response",
            .cache_control = std::move(cache),
            .etag = "\"x\"",
            .body = std::move(body)};
  }
  static HttpResponse Error(x509::OcspResponseStatus status,
                            std::string cache = "no-store") {
    return Http(base::ToString(x509::OcspError(status)), std::move(cache));
  }
  std::string Judge(const OcspProbe& probe,
                    const absl::StatusOr<HttpResponse>& response,
                    absl::Duration margin = absl::Hours(1)) {
    return Name(
        JudgeOcsp(probe, response, {.now = world_.now(), .margin = margin})
            .verdict);
  }
  std::string JudgeTheCrl(const HttpResponse& response) {
    return Name(JudgeCrl({.target = "http://responder",
                          .url = "http://responder/crl/issuing.crl",
                          .issuer = issuer_},
                         response,
                         {.now = world_.now(), .margin = absl::Hours(1)})
                    .verdict);
  }

  SignerWorld world_;
  std::shared_ptr<const x509::Certificate> issuer_;
  const std::string serial_;
};

TEST_F(JudgeTest, WhatTheSignerSaidIsOk) {
  const std::string good = world_.reader.Response(serial_);
  EXPECT_EQ(Judge(Probe(), Http(good)), "ok");
  EXPECT_EQ(Judge(Probe(Expected::kRevoked), Http(good)), "wrong-status");
  world_.clock.Advance(absl::Seconds(5));
  ASSERT_TRUE(world_.Revoke("r", serial_, 1).ok());
  const std::string revoked = world_.reader.Response(serial_);
  EXPECT_EQ(Judge(Probe(Expected::kRevoked), Http(revoked)), "ok");
  EXPECT_EQ(Judge(Probe(), Http(revoked)), "wrong-status");
}

TEST_F(JudgeTest, UnauthorizedIsRightForTheUnknownAlone) {
  const auto unauthorized = Error(x509::OcspResponseStatus::kUnauthorized);
  EXPECT_EQ(Judge(Probe(Expected::kUnknown), unauthorized), "ok");
  EXPECT_EQ(Judge(Probe(), unauthorized), "wrong-status");
  EXPECT_EQ(Judge(Probe(Expected::kUnknown),
                  Error(x509::OcspResponseStatus::kTryLater)),
            "malformed");
  EXPECT_EQ(
      Judge(Probe(Expected::kUnknown), Http(world_.reader.Response(serial_))),
      "wrong-status");
  EXPECT_EQ(
      Judge(Probe(Expected::kUnknown),
            Error(x509::OcspResponseStatus::kUnauthorized, "max-age=3600")),
      "caching");
}

TEST_F(JudgeTest, TimesAndTheirMargin) {
  const std::string good = world_.reader.Response(serial_);
  EXPECT_EQ(Judge(Probe(), Http(good), absl::Hours(96)), "ends-soon");
  world_.clock.Advance(absl::Hours(96));
  EXPECT_EQ(Judge(Probe(), Http(good)), "expired");
  world_.clock.Advance(-absl::Hours(97));
  EXPECT_EQ(Judge(Probe(), Http(good)), "not-yet-valid");
}

TEST_F(JudgeTest, WhatCachesAreTold) {
  const std::string good = world_.reader.Response(serial_);
  EXPECT_EQ(Judge(Probe(), Http(good, "public")), "caching");
  EXPECT_EQ(Judge(Probe(), Http(good, "public, max-age=345700")), "caching");
  HttpResponse without = Http(good);
  without.etag = "";
  EXPECT_EQ(Judge(Probe(), without), "caching");
}

TEST_F(JudgeTest, WhatCannotBeBelieved) {
  std::string forged = world_.reader.Response(serial_);
  forged[forged.find("Z") - 1] ^= 1;
  EXPECT_EQ(Judge(Probe(), Http(forged)), "not-verified");
  EXPECT_EQ(Judge(Probe(), Http("nonsense")), "malformed");
  EXPECT_EQ(Judge(Probe(), absl::UnavailableError("down")), "unreachable");
  HttpResponse refused = Http("");
  refused.status = 503;
  EXPECT_EQ(Judge(Probe(), refused), "http-status");
  HttpResponse text = Http(world_.reader.Response(serial_));
  text.content_type = "text/html";
  EXPECT_EQ(Judge(Probe(), text), "malformed");
}

TEST_F(JudgeTest, Crls) {
  std::string crl = world_.SignCrl()->der;
  EXPECT_EQ(JudgeTheCrl(Http(crl)), "ok");
  world_.clock.Advance(absl::Hours(169));
  EXPECT_EQ(JudgeTheCrl(Http(crl)), "expired");
  crl.back() ^= 1;
  EXPECT_EQ(JudgeTheCrl(Http(crl)), "not-verified");
  EXPECT_EQ(JudgeTheCrl(Http("nonsense")), "malformed");
}

}  // namespace
}  // namespace chancery::cli
