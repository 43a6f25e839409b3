#include "audit/answer_check.h"

#include "gtest/gtest.h"
#include "signer/testing/signer_world.h"
#include "x509/ocsp/response.h"

namespace chancery::audit {
namespace {

using signer::testing::SignerWorld;

class AnswerCheckTest : public ::testing::Test {
 protected:
  AnswerCheckTest()
      : issuer_(*x509::Certificate::Parse(
            base::AsBytes(world_.pki.issuer().certificate))),
        serial_(world_.Issue("first")->serial),
        other_(world_.Issue("second")->serial),
        good_(world_.reader.Response(serial_)) {
    world_.clock.Advance(absl::Seconds(5));
    EXPECT_TRUE(world_.Revoke("r", serial_, 4).ok());
    revoked_ = world_.reader.Response(serial_);
  }

  std::string Check(const std::string& found, const std::string& expected) {
    const auto finding = CheckAnswer(Answer(found, expected));
    return finding.has_value() ? Name(finding->kind) : "";
  }
  std::string CheckUnissued(const std::string& found) {
    const auto finding = CheckRefusal(Answer(found, found));
    return finding.has_value() ? Name(finding->kind) : "";
  }
  AnswerToCheck Answer(const std::string& found, const std::string& expected) {
    return {.issuer = issuer_,
            .serial = base::AsBytes(serial_),
            .where = "http://responder",
            .found = base::AsBytes(found),
            .expected = base::AsBytes(expected),
            .now = world_.now()};
  }
  static std::string Error(x509::OcspResponseStatus status) {
    return base::ToString(x509::OcspError(status));
  }

  SignerWorld world_;
  const x509::Certificate issuer_;
  const std::string serial_, other_, good_;
  std::string revoked_;
};

TEST_F(AnswerCheckTest, TheOneThatWasSignedIsRight) {
  EXPECT_EQ(Check(revoked_, revoked_), "");
}

TEST_F(AnswerCheckTest, GoodForWhatIsRevoked) {
  EXPECT_EQ(Check(good_, revoked_), "answer-status-differs");
  EXPECT_EQ(Check(revoked_, good_), "answer-status-differs");
}

TEST_F(AnswerCheckTest, AnotherReason) {
  world_.clock.Advance(absl::Seconds(5));
  ASSERT_TRUE(world_.Revoke("again", serial_, 1).ok());
  EXPECT_EQ(Check(revoked_, world_.reader.Response(serial_)),
            "answer-revocation-differs");
}

TEST_F(AnswerCheckTest, OneThatWasReplaced) {
  world_.clock.Advance(absl::Hours(1));
  ASSERT_TRUE(world_.SignBlockOf(serial_).ok());
  EXPECT_EQ(Check(revoked_, world_.reader.Response(serial_)), "answer-stale");
  EXPECT_EQ(Check(world_.reader.Response(serial_), revoked_), "answer-differs");
}

TEST_F(AnswerCheckTest, NoneOrNoSense) {
  EXPECT_EQ(Check(Error(x509::OcspResponseStatus::kUnauthorized), revoked_),
            "answer-missing");
  EXPECT_EQ(Check(Error(x509::OcspResponseStatus::kTryLater), revoked_),
            "responder-not-ready");
  EXPECT_EQ(Check("nonsense", revoked_), "answer-malformed");
  EXPECT_EQ(Check(world_.reader.Response(other_), revoked_),
            "answer-malformed");
}

TEST_F(AnswerCheckTest, AForgedSignature) {
  std::string forged = revoked_;
  // In the tbs, the last digit of a time.
  forged[forged.find("Z") - 1] ^= 1;
  EXPECT_EQ(Check(forged, revoked_), "answer-not-verified");
}

TEST_F(AnswerCheckTest, OneThatHasExpired) {
  world_.clock.Advance(absl::Hours(96));
  EXPECT_EQ(Check(revoked_, revoked_), "answer-expired");
}

TEST_F(AnswerCheckTest, AnUnissuedSerialIsRefused) {
  EXPECT_EQ(CheckUnissued(Error(x509::OcspResponseStatus::kUnauthorized)), "");
  EXPECT_EQ(CheckUnissued(good_), "unissued-serial-answered");
  EXPECT_EQ(CheckUnissued(Error(x509::OcspResponseStatus::kTryLater)),
            "responder-not-ready");
}

}  // namespace
}  // namespace chancery::audit
