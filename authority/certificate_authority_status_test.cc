// How a CertificateAuthority revokes, holds and releases.
#include <functional>
#include <string>
#include <vector>

#include "authority/certificate_authority.h"
#include "authority/testing/authority_fixture.h"
#include "base/random.h"
#include "base/testing/status_matchers.h"
#include "crypto/testing/command.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/open.h"

namespace chancery::authority {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using storage::CertificateStatus;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using RevokeTest = testing::AuthorityFixture;
using ReleaseTest = testing::AuthorityFixture;

TEST_F(RevokeTest, RecordsAndPublishesTheNewStatus) {
  const std::string serial = IssueOne("1");
  publisher_.calls.clear();
  const auto changed = authority_.Revoke(Revocation("2", serial, 4));
  ASSERT_THAT(changed, IsOk());
  EXPECT_EQ(changed->certificate.status, CertificateStatus::kRevoked);
  EXPECT_EQ(changed->certificate.reason, 4);
  EXPECT_EQ(changed->certificate.revoked_at, clock_.Now());
  EXPECT_EQ(changed->certificate.subject, "CN=www.example.com");
  EXPECT_EQ(changed->acknowledged.responders, 2u);
  EXPECT_EQ(changed->acknowledged.total, 3u);
  ASSERT_THAT(publisher_.calls, SizeIs(1));
  EXPECT_EQ(publisher_.calls[0].wait, absl::Milliseconds(700));
  EXPECT_THAT(publisher_.calls[0].updates, SizeIs(1));
  ASSERT_THAT(Rows(), SizeIs(1));
  EXPECT_EQ(Rows()[0].status, CertificateStatus::kRevoked);
}

TEST_F(RevokeTest, KeepsTheDateThatWasAskedFor) {
  const std::string serial = IssueOne("1");
  RevokeOrder order = Revocation("2", serial, 1);
  order.revoked_at = clock_.Now() - absl::Hours(5);
  const auto changed = authority_.Revoke(order);
  ASSERT_THAT(changed, IsOk());
  EXPECT_EQ(changed->certificate.revoked_at, order.revoked_at);
}

TEST_F(RevokeTest, IsTheSameWhenItIsRepeated) {
  const std::string serial = IssueOne("1");
  const auto first = authority_.Revoke(Revocation("2", serial, 4));
  clock_.Advance(absl::Hours(1));
  const auto again = authority_.Revoke(Revocation("2", serial, 4));
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->certificate.revoked_at, first->certificate.revoked_at);
  EXPECT_EQ(again->certificate.ledger_index, first->certificate.ledger_index);
}

TEST_F(RevokeTest, DoesNotUndoWhatCameLaterWhenItIsRepeated) {
  const std::string serial = IssueOne("1");
  EXPECT_THAT(authority_.Revoke(Revocation("hold", serial, 6)), IsOk());
  EXPECT_THAT(authority_.Release(Releasing("release", serial)), IsOk());
  const auto again = authority_.Revoke(Revocation("hold", serial, 6));
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->certificate.status, CertificateStatus::kGood);
  EXPECT_EQ(Rows()[0].status, CertificateStatus::kGood);
}

TEST_F(RevokeTest, PassesTheSignersRefusalsOnAndPublishesNothing) {
  const std::string serial = IssueOne("1");
  publisher_.calls.clear();
  EXPECT_THAT(authority_.Revoke(Revocation("2", serial, 7)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "reason: 7 is not one of 0-6, 9, 10"));
  EXPECT_THAT(authority_.Revoke(Revocation("2", "\x63", 4)),
              StatusIs(absl::StatusCode::kNotFound, "never issued 63"));
  EXPECT_THAT(authority_.Revoke(Revocation("1", serial, 4)),
              StatusIs(absl::StatusCode::kAlreadyExists, "request_id: \"1\""));
  EXPECT_THAT(publisher_.calls, IsEmpty());
  EXPECT_EQ(Rows()[0].status, CertificateStatus::kGood);
}

TEST_F(RevokeTest, SucceedsWhenNothingCanBePublished) {
  const std::string serial = IssueOne("1");
  publisher_.answer = absl::UnavailableError("no refresher");
  const auto changed = authority_.Revoke(Revocation("2", serial, 4));
  ASSERT_THAT(changed, IsOk());
  EXPECT_EQ(changed->acknowledged.total, 0u);
}

TEST_F(RevokeTest, PublishesWhenTheInventoryIsDownAndSaysToRepeat) {
  const std::string serial = IssueOne("1");
  publisher_.calls.clear();
  inventory_.FailAlways();
  EXPECT_THAT(authority_.Revoke(Revocation("2", serial, 4)),
              StatusIs(absl::StatusCode::kUnavailable,
                       "the ledger has it, the inventory does not answer: "
                       "repeat the request"));
  EXPECT_THAT(publisher_.calls, SizeIs(1));
  inventory_.Heal();
  const auto again = authority_.Revoke(Revocation("2", serial, 4));
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->certificate.status, CertificateStatus::kRevoked);
}

// Fails each call to the inventory in turn, before and after it was done, then
// orders the same again.
TEST_F(RevokeTest, SucceedsAfterTheInventoryWasAway) {
  LosePatience();
  for (const bool after : {false, true}) {
    int call = 0;
    for (;; ++call) {
      SCOPED_TRACE(::testing::Message()
                   << "after " << after << " call " << call);
      const std::string id = std::to_string(after) + "-" + std::to_string(call);
      const std::string serial = IssueOne(id);
      publisher_.calls.clear();
      const RevokeOrder order = Revocation("revoke " + id, serial, 4);
      inventory_.FailAt(call, after);
      const auto interrupted = authority_.Revoke(order);
      const bool reached = inventory_.calls() > call;
      inventory_.Heal();
      EXPECT_THAT(publisher_.calls, SizeIs(1));
      if (!reached) {
        EXPECT_THAT(interrupted, IsOk());
        break;
      }
      EXPECT_THAT(interrupted, StatusIs(absl::StatusCode::kUnavailable, ""));
      const auto again = authority_.Revoke(order);
      ASSERT_THAT(again, IsOk());
      EXPECT_EQ(again->certificate.status, CertificateStatus::kRevoked);
      const auto row =
          real_inventory_->FindCertificate(issuing_.issuer_id, serial);
      ASSERT_THAT(row, IsOk());
      EXPECT_EQ(row->status, CertificateStatus::kRevoked);
      EXPECT_EQ(row->revoked_at, again->certificate.revoked_at);
    }
    EXPECT_EQ(call, 2);
  }
}

TEST_F(RevokeTest, LosesNothingWhenTheSignersAnswerIsLost) {
  const std::string serial = IssueOne("1");
  signer_.FailNext(absl::UnavailableError("signer is away"), true);
  EXPECT_THAT(authority_.Revoke(Revocation("2", serial, 4)),
              StatusIs(absl::StatusCode::kUnavailable,
                       "the signer does not answer: repeat the request"));
  const auto again = authority_.Revoke(Revocation("2", serial, 4));
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->certificate.status, CertificateStatus::kRevoked);
}

TEST_F(RevokeTest, TellsTheStatusOfWhatTheInventoryDoesNotHaveYet) {
  // As when the inventory is new and the ledger is not followed yet.
  const auto issued = signer_.Issue({.request_id = "1",
                                     .requester = testing::kClient,
                                     .issuer = "issuing",
                                     .profile = "server",
                                     .csr = Order("1").csr});
  ASSERT_THAT(issued, IsOk());
  const auto changed = authority_.Revoke(Revocation("2", issued->serial, 4));
  ASSERT_THAT(changed, IsOk());
  EXPECT_EQ(changed->certificate.issuer_id, issuing_.issuer_id);
  EXPECT_EQ(changed->certificate.serial, issued->serial);
  EXPECT_EQ(changed->certificate.status, CertificateStatus::kRevoked);
  EXPECT_EQ(changed->certificate.reason, 4);
  EXPECT_THAT(changed->certificate.der, IsEmpty());
  EXPECT_THAT(publisher_.calls, SizeIs(1));
}

TEST_F(RevokeTest, IsNotTakenForGoodWhenTheCertificateComesInMeanwhile) {
  const std::string serial = IssueOne("1");
  const std::vector<storage::CertificateRow> rows = Rows();
  // Another inventory, which is given the certificate, as it was issued, after
  // it was asked to revoke it.
  const auto slow =
      *storage::OpenSqlite(crypto::testing::TempPath("slow inventory.db"));
  publisher_.during = [&] { EXPECT_THAT(slow->AddCertificates(rows), IsOk()); };
  CertificateAuthority authority({.signer = signer_,
                                  .certificates = *slow,
                                  .issuers = issuers_,
                                  .publisher = &publisher_,
                                  .clock = clock_,
                                  .random = base::SystemRandom(),
                                  .log = log_},
                                 options_);
  const auto changed = authority.Revoke(Revocation("2", serial, 4));
  ASSERT_THAT(changed, IsOk());
  EXPECT_EQ(changed->certificate.der, rows[0].der);
  EXPECT_EQ(changed->certificate.status, CertificateStatus::kRevoked);
  EXPECT_EQ(changed->certificate.reason, 4);
}

TEST_F(ReleaseTest, EndsAHold) {
  const std::string serial = IssueOne("1");
  const auto held = authority_.Revoke(Revocation("2", serial, 6));
  ASSERT_THAT(held, IsOk());
  EXPECT_EQ(held->certificate.status, CertificateStatus::kHeld);
  EXPECT_EQ(held->certificate.reason, 6);
  publisher_.calls.clear();
  const auto released = authority_.Release(Releasing("3", serial));
  ASSERT_THAT(released, IsOk());
  EXPECT_EQ(released->certificate.status, CertificateStatus::kGood);
  EXPECT_THAT(publisher_.calls, SizeIs(1));
  EXPECT_EQ(Rows()[0].status, CertificateStatus::kGood);
}

TEST_F(ReleaseTest, PassesTheSignersRefusalOn) {
  const std::string serial = IssueOne("1");
  EXPECT_THAT(authority_.Release(Releasing("2", serial)),
              StatusIs(absl::StatusCode::kFailedPrecondition, "serial 01"));
}

struct BadFields {
  const char* name;
  std::function<void(std::string& request_id, std::string& issuer,
                     std::string& serial)>
      spoil;
  const char* message;
};

class BadStatusOrderTest : public testing::AuthorityFixture,
                           public ::testing::WithParamInterface<BadFields> {};

TEST_P(BadStatusOrderTest, IsRefusedByFieldValueAndRule) {
  const auto is_refused =
      StatusIs(absl::StatusCode::kInvalidArgument, GetParam().message);
  RevokeOrder revoke = Revocation("1", "\x01", 4);
  GetParam().spoil(revoke.request_id, revoke.issuer, revoke.serial);
  EXPECT_THAT(authority_.Revoke(revoke), is_refused);
  ReleaseOrder release = Releasing("1", "\x01");
  GetParam().spoil(release.request_id, release.issuer, release.serial);
  EXPECT_THAT(authority_.Release(release), is_refused);
}

INSTANTIATE_TEST_SUITE_P(
    All, BadStatusOrderTest,
    ::testing::Values(
        BadFields{"NoRequestId", [](auto& id, auto&, auto&) { id.clear(); },
                  "request_id: 0 bytes: must have 1 to 128"},
        BadFields{"LongRequestId",
                  [](auto& id, auto&, auto&) { id.assign(129, 'a'); },
                  "request_id: 129 bytes: must have 1 to 128"},
        BadFields{"ControlCharacterInRequestId",
                  [](auto& id, auto&, auto&) { id = "\x1b"; },
                  "request_id: 1b: must be UTF-8 without control characters"},
        BadFields{"RequestIdThatIsNotUtf8",
                  [](auto& id, auto&, auto&) { id = "\xc3"; },
                  "request_id: c3: must be UTF-8 without control characters"},
        BadFields{"NoIssuer",
                  [](auto&, auto& issuer, auto&) { issuer.clear(); },
                  "issuer: must be named"},
        BadFields{"NoSerial",
                  [](auto&, auto&, auto& serial) { serial.clear(); },
                  "serial: : must have 1 to 20 bytes"},
        BadFields{"LongSerial",
                  [](auto&, auto&, auto& serial) { serial.assign(21, 'a'); },
                  "must have 1 to 20 bytes"},
        BadFields{"LeadingZero",
                  [](auto&, auto&, auto& serial) { serial.assign("\0\1", 2); },
                  "serial: 0001: must have 1 to 20 bytes and not begin with "
                  "zero"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace chancery::authority
