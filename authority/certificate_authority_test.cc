#include "authority/certificate_authority.h"

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "authority/testing/authority_fixture.h"
#include "base/bytes.h"
#include "base/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "x509/certificate/pem.h"

namespace chancery::authority {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kClient;
using ::testing::SizeIs;

using IssueTest = testing::AuthorityFixture;
using GetTest = testing::AuthorityFixture;

TEST_F(IssueTest, GivesTheSameCertificateForTheSameOrder) {
  const auto first = authority_.Issue(Order("1"));
  const auto again = authority_.Issue(Order("1"));
  const auto another = authority_.Issue(Order("2"));
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(again, IsOk());
  ASSERT_THAT(another, IsOk());
  EXPECT_EQ(again->certificate.der, first->certificate.der);
  EXPECT_EQ(again->certificate.serial, first->certificate.serial);
  EXPECT_THAT(again->chain, ElementsAre(issuing_.certificate));
  EXPECT_NE(another->certificate.der, first->certificate.der);
  EXPECT_THAT(Rows(), SizeIs(2));
}

TEST_F(IssueTest, LetsEachClientHaveItsOwnRequestIds) {
  IssueOrder order = Order("1");
  const auto first = authority_.Issue(order);
  order.requester = "spiffe://test/client/two";
  const auto second = authority_.Issue(order);
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(second, IsOk());
  EXPECT_NE(second->certificate.der, first->certificate.der);
}

TEST_F(IssueTest, RefusesARequestIdThatWasUsedForAnotherOrder) {
  IssueOne("1");
  IssueOrder order = Order("1");
  order.issuer = "other";
  EXPECT_THAT(authority_.Issue(order),
              StatusIs(absl::StatusCode::kAlreadyExists,
                       "request_id: \"1\" was used for another request"));
  EXPECT_THAT(Rows(), SizeIs(1));
}

TEST_F(IssueTest, HasTheRowInTheInventoryAndPublishesBeforeItReturns) {
  bool published = false;
  publisher_.during = [&] {
    absl::SleepFor(absl::Milliseconds(20));
    published = true;
  };
  const auto issued = authority_.Issue(Order("order 7"));
  ASSERT_THAT(issued, IsOk());
  EXPECT_TRUE(published);
  const auto row = real_inventory_->FindByRequest(kClient, "order 7");
  ASSERT_THAT(row, IsOk());
  EXPECT_EQ(row->issuer_id, issuing_.issuer_id);
  EXPECT_EQ(row->serial, issued->certificate.serial);
  EXPECT_EQ(row->der, issued->certificate.der);
  EXPECT_EQ(row->profile, "server");
  EXPECT_EQ(row->subject, "CN=www.example.com");
  EXPECT_THAT(row->names, ElementsAre("DNS:www.example.com"));
  EXPECT_EQ(row->status, storage::CertificateStatus::kGood);
  EXPECT_EQ(row->not_before, clock_.Now());
  EXPECT_EQ(row->not_after, clock_.Now() + absl::Hours(24 * 90));
  EXPECT_EQ(row->issued_at, clock_.Now());
  EXPECT_EQ(row->ledger_index, 1u);
  // Whole, so that following the ledger has nothing to add.
  EXPECT_EQ(row->block_id, "a block");
  EXPECT_EQ(row->place, 1u);
  EXPECT_EQ(row->crl_shard, 5u);
}

TEST_F(IssueTest, ShowsWhatBecameOfACertificateThatIsOrderedAgain) {
  const std::string serial = IssueOne("1");
  EXPECT_THAT(authority_.Revoke(Revocation("2", serial, 4)), IsOk());
  const auto again = authority_.Issue(Order("1"));
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->certificate.status, storage::CertificateStatus::kRevoked);
  EXPECT_EQ(again->certificate.reason, 4);
}

TEST_F(IssueTest, PutsBackARowThatTheInventoryLost) {
  // As when an authority was killed between the ledger and the inventory.
  EXPECT_THAT(signer_.Issue({.request_id = "1",
                             .requester = kClient,
                             .issuer = "issuing",
                             .profile = "server",
                             .csr = Order("1").csr}),
              IsOk());
  EXPECT_THAT(Rows(), IsEmpty());
  const auto again = authority_.Issue(Order("1"));
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(signer_.issued(), 1u);
  ASSERT_THAT(Rows(), SizeIs(1));
  EXPECT_EQ(Rows()[0].der, again->certificate.der);
}

TEST_F(IssueTest, SaysWhyASignerThatRunsMayNotSign) {
  signer_.FailNext(absl::UnavailableError("signer: ledger behind: it has 8"),
                   /*after=*/false);
  EXPECT_THAT(authority_.Issue(Order("1")),
              StatusIs(absl::StatusCode::kUnavailable,
                       "the signer may not sign now: repeat the request later: "
                       "ledger behind: it has 8"));
}

TEST_F(IssueTest, LosesNothingWhenTheSignersAnswerIsLost) {
  for (const bool after : {false, true}) {
    SCOPED_TRACE(after);
    const std::string id = after ? "after" : "before";
    const size_t issued_before = signer_.issued();
    signer_.FailNext(absl::UnavailableError("signer is away"), after);
    EXPECT_THAT(authority_.Issue(Order(id)),
                StatusIs(absl::StatusCode::kUnavailable,
                         "the signer does not answer: repeat the request"));
    EXPECT_THAT(authority_.Issue(Order(id)), IsOk());
    EXPECT_EQ(signer_.issued(), issued_before + 1);
    EXPECT_THAT(Rows(), SizeIs(signer_.issued()));
  }
}

// Fails each call to the inventory in turn, before and after it was done, then
// orders the same again. `prepare` comes first, with the inventory up.
TEST_F(IssueTest, SucceedsWithTheSameCertificateAfterTheInventoryWasAway) {
  LosePatience();
  for (const bool known : {false, true}) {
    for (const bool after : {false, true}) {
      int call = 0;
      for (;; ++call) {
        SCOPED_TRACE(::testing::Message() << "known " << known << " after "
                                          << after << " call " << call);
        const IssueOrder order =
            Order(std::to_string(known) + std::to_string(after) +
                  std::to_string(call));
        if (known) IssueOne(order.request_id);
        inventory_.FailAt(call, after);
        const auto interrupted = authority_.Issue(order);
        const bool reached = inventory_.calls() > call;
        inventory_.Heal();
        if (!reached) {
          EXPECT_THAT(interrupted, IsOk());
          break;
        }
        EXPECT_THAT(interrupted, StatusIs(absl::StatusCode::kUnavailable, ""));
        const size_t issued = signer_.issued();
        const auto again = authority_.Issue(order);
        ASSERT_THAT(again, IsOk());
        EXPECT_EQ(signer_.issued(), issued);
        const auto row =
            real_inventory_->FindByRequest(kClient, order.request_id);
        ASSERT_THAT(row, IsOk());
        EXPECT_EQ(row->der, again->certificate.der);
        EXPECT_THAT(Rows(), SizeIs(issued));
      }
      // Adding the row; if it was known, reading it too.
      EXPECT_EQ(call, known ? 2 : 1);
    }
  }
}

TEST_F(IssueTest, WaitsForAnInventoryThatIsAwayForAMoment) {
  inventory_.FailAt(0, false);
  const auto issued = authority_.Issue(Order("1"));
  ASSERT_THAT(issued, IsOk());
  EXPECT_EQ(issued->acknowledged.responders, 2u);
  EXPECT_THAT(Rows(), SizeIs(1));
}

TEST_F(IssueTest, GivesUpOnTheInventoryInTime) {
  inventory_.FailAlways();
  const absl::Time start = clock_.Now();
  EXPECT_THAT(authority_.Issue(Order("1")),
              StatusIs(absl::StatusCode::kUnavailable,
                       "the inventory does not answer: repeat the request"));
  // Why not is not for clients.
  EXPECT_THAT(lines_.str(), HasSubstr("inventory is away"));
  EXPECT_LE(clock_.Now() - start, options_.inventory_patience);
  EXPECT_GT(clock_.Now() - start, absl::ZeroDuration());
}

TEST_F(IssueTest, TellsAnInventoryThatDisagreesFromAUsedRequestId) {
  // Serial 01 with other bytes: only damage makes this.
  EXPECT_THAT(
      real_inventory_->AddCertificates({{.issuer_id = issuing_.issuer_id,
                                         .serial = "\x01",
                                         .der = "another certificate"}}),
      IsOk());
  EXPECT_THAT(authority_.Issue(Order("1")),
              StatusIs(absl::StatusCode::kDataLoss, "inventory"));
}

TEST_F(IssueTest, PublishesWhatTheSignerMadeAndWaitsNoLongerThanTold) {
  const auto issued = authority_.Issue(Order("1"));
  ASSERT_THAT(issued, IsOk());
  EXPECT_EQ(issued->acknowledged.responders, 2u);
  EXPECT_EQ(issued->acknowledged.total, 3u);
  ASSERT_THAT(publisher_.calls, SizeIs(1));
  EXPECT_EQ(publisher_.calls[0].wait, absl::Milliseconds(700));
  ASSERT_THAT(publisher_.calls[0].updates, SizeIs(1));
  EXPECT_EQ(publisher_.calls[0].updates[0].content, "a delta");
}

TEST_F(IssueTest, SucceedsWhenNothingCanBePublished) {
  publisher_.answer = absl::DeadlineExceededError("no refresher");
  const auto issued = authority_.Issue(Order("1"));
  ASSERT_THAT(issued, IsOk());
  EXPECT_EQ(issued->acknowledged.responders, 0u);
  EXPECT_THAT(lines_.str(), HasSubstr("not_published"));
  EXPECT_THAT(lines_.str(), HasSubstr("no refresher"));
}

TEST_F(IssueTest, SucceedsWithoutAPublisher) {
  auto parts = parts_;
  parts.publisher = nullptr;
  CertificateAuthority alone(parts, options_);
  const auto issued = alone.Issue(Order("1"));
  ASSERT_THAT(issued, IsOk());
  EXPECT_EQ(issued->acknowledged.total, 0u);
}

TEST_F(IssueTest, GivesOneCertificateToManyWhoOrderTheSameAtOnce) {
  CertificateAuthority shared({.signer = signer_,
                               .certificates = *real_inventory_,
                               .issuers = issuers_,
                               .clock = clock_,
                               .random = base::SystemRandom(),
                               .log = log_},
                              options_);
  std::vector<std::string> ders(8);
  std::vector<std::thread> threads;
  for (std::string& der : ders) {
    threads.emplace_back([&] {
      const auto issued = shared.Issue(Order("1"));
      if (issued.ok()) der = issued->certificate.der;
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_THAT(Rows(), SizeIs(1));
  EXPECT_THAT(ders, ::testing::Each(Rows()[0].der));
}

TEST_F(IssueTest, TakesTheRequestAsPemOrAsDer) {
  IssueOrder order = Order("1");
  const std::string der = order.csr;
  const auto from_der = authority_.Issue(order);
  order.csr = "Made by hand:\n" +
              x509::EncodePem("CERTIFICATE REQUEST", base::AsBytes(der));
  const auto from_pem = authority_.Issue(order);
  ASSERT_THAT(from_der, IsOk());
  ASSERT_THAT(from_pem, IsOk());
  EXPECT_EQ(signer_.last_issue().csr, der);
  EXPECT_EQ(from_pem->certificate.der, from_der->certificate.der);
}

TEST_F(IssueTest, PassesTheSignersRefusalsOn) {
  IssueOrder order = Order("1");
  order.profile = "unknown";
  EXPECT_THAT(authority_.Issue(order),
              StatusIs(absl::StatusCode::kNotFound,
                       "profile: issuer \"issuing\" has none called"));
  order = Order("1");
  order.issuer = "unknown";
  EXPECT_THAT(authority_.Issue(order),
              StatusIs(absl::StatusCode::kNotFound,
                       "issuer: there is none called \"unknown\""));
  order = Order("1");
  order.csr.back() = static_cast<char>(order.csr.back() ^ 1);
  EXPECT_THAT(authority_.Issue(order),
              StatusIs(absl::StatusCode::kInvalidArgument, "csr: "));
  EXPECT_EQ(signer_.issued(), 0u);
  EXPECT_THAT(Rows(), IsEmpty());
}

struct BadOrder {
  const char* name;
  std::function<void(IssueOrder&)> spoil;
  const char* message;
};

class BadOrderTest : public testing::AuthorityFixture,
                     public ::testing::WithParamInterface<BadOrder> {};

TEST_P(BadOrderTest, IsRefusedByFieldValueAndRuleBeforeTheSignerIsAsked) {
  IssueOrder order = Order("1");
  GetParam().spoil(order);
  signer_.FailNext(absl::InternalError("was asked"), false);
  EXPECT_THAT(authority_.Issue(order),
              StatusIs(absl::StatusCode::kInvalidArgument, GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadOrderTest,
    ::testing::Values(
        BadOrder{"NoRequestId", [](IssueOrder& o) { o.request_id = ""; },
                 "request_id: 0 bytes: must have 1 to 128"},
        BadOrder{"LongRequestId",
                 [](IssueOrder& o) { o.request_id.assign(129, 'a'); },
                 "request_id: 129 bytes: must have 1 to 128"},
        BadOrder{"NewlineInRequestId",
                 [](IssueOrder& o) { o.request_id = "a\nb"; },
                 "request_id: 610a62: must be UTF-8 without control"},
        BadOrder{"NulInRequestId",
                 [](IssueOrder& o) { o.request_id.assign(1, '\0'); },
                 "request_id: 00: must be UTF-8 without control"},
        BadOrder{"DeleteInRequestId",
                 [](IssueOrder& o) { o.request_id = "\x7f"; },
                 "request_id: 7f: must be UTF-8 without control"},
        BadOrder{"RequestIdThatIsNotUtf8",
                 [](IssueOrder& o) { o.request_id = "a\xff"; },
                 "request_id: 61ff: must be UTF-8 without control"},
        BadOrder{"NoIssuer", [](IssueOrder& o) { o.issuer = ""; },
                 "issuer: must be named"},
        BadOrder{"NoProfile", [](IssueOrder& o) { o.profile = ""; },
                 "profile: must be named"},
        BadOrder{"NoCsr", [](IssueOrder& o) { o.csr = ""; },
                 "csr: 0 bytes: must have 1 to 131072"},
        BadOrder{"HugeCsr", [](IssueOrder& o) { o.csr.assign(131073, '0'); },
                 "csr: 131073 bytes: must have 1 to 131072"},
        BadOrder{"GarbageForCsr", [](IssueOrder& o) { o.csr = "garbage"; },
                 "csr: expected DER or one PEM block \"CERTIFICATE REQUEST\", "
                 "found 0 blocks"},
        BadOrder{"CertificateForCsr",
                 [](IssueOrder& o) {
                   o.csr = x509::EncodePem("CERTIFICATE", base::AsBytes(o.csr));
                 },
                 "csr: expected DER or one PEM block"},
        BadOrder{"TwoCsrs",
                 [](IssueOrder& o) {
                   const std::string pem = x509::EncodePem(
                       "CERTIFICATE REQUEST", base::AsBytes(o.csr));
                   o.csr = pem + pem;
                 },
                 "found 2 blocks"}),
    [](const auto& info) { return info.param.name; });

TEST_F(IssueTest, TakesTheLongestRequestIdInAnyScript) {
  std::string id = "b\xc3\xbc\xf0\x9f\x98\x80 ";
  id.resize(128, '~');
  EXPECT_THAT(authority_.Issue(Order(id)), IsOk());
  EXPECT_THAT(real_inventory_->FindByRequest(kClient, id), IsOk());
}

TEST_F(GetTest, FindsBySerialWithAndWithoutTheIssuer) {
  const std::string serial = IssueOne("1");
  const auto named = authority_.Get("issuing", serial);
  const auto unnamed = authority_.Get("", serial);
  ASSERT_THAT(named, IsOk());
  ASSERT_THAT(unnamed, IsOk());
  EXPECT_EQ(named->request_id, "1");
  EXPECT_EQ(unnamed->der, named->der);
  EXPECT_THAT(authority_.Get("other", serial),
              StatusIs(absl::StatusCode::kNotFound, "no serial 01"));
  EXPECT_THAT(authority_.Get("", "\x02"),
              StatusIs(absl::StatusCode::kNotFound,
                       "serial: there is no certificate with 02"));
  EXPECT_THAT(authority_.Get("unknown", serial),
              StatusIs(absl::StatusCode::kNotFound,
                       "issuer: there is none called \"unknown\""));
}

TEST_F(GetTest, AsksForTheIssuerOfASerialThatSeveralHave) {
  const std::string serial = IssueOne("1");
  IssueOrder order = Order("2");
  order.issuer = "other";
  const auto second = authority_.Issue(order);
  ASSERT_THAT(second, IsOk());
  ASSERT_EQ(second->certificate.serial, serial);
  EXPECT_THAT(authority_.Get("", serial),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "serial: 2 issuers have 01: name the issuer"));
  const auto row = authority_.Get("other", serial);
  ASSERT_THAT(row, IsOk());
  EXPECT_EQ(row->der, second->certificate.der);
}

TEST_F(GetTest, DoesNotTellWhyTheInventoryIsAway) {
  inventory_.FailAlways();
  const auto is_away =
      StatusIs(absl::StatusCode::kUnavailable,
               "the inventory does not answer: repeat the request");
  EXPECT_THAT(authority_.Get("issuing", "\x01"), is_away);
  EXPECT_THAT(authority_.Get("", "\x01"), is_away);
  EXPECT_THAT(authority_.List({}, "", 10), is_away);
}

TEST_F(GetTest, RefusesWhatIsNoSerial) {
  EXPECT_THAT(authority_.Get("issuing", ""),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "serial: : must have 1 to 20 bytes"));
  EXPECT_THAT(authority_.Get("", std::string(21, 'a')),
              StatusIs(absl::StatusCode::kInvalidArgument, "1 to 20 bytes"));
  EXPECT_THAT(authority_.Get("issuing", std::string("\0\1", 2)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "serial: 0001: must have 1 to 20 bytes and not begin "
                       "with zero"));
}

}  // namespace
}  // namespace chancery::authority
