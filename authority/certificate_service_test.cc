// What clients of an authority may do and see, over mutual TLS.
#include <memory>
#include <string>
#include <vector>

#include "authority/testing/service_fixture.h"
#include "base/testing/status_matchers.h"
#include "chancery/authority/v1/authority.grpc.pb.h"
#include "chancery/authority/v1/issuers.grpc.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rpc/client.h"
#include "rpc/status.h"

namespace chancery::authority {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::kClient;
using testing::kIssuesOnly;
using testing::kMayNothing;
using testing::kReadsOnly;
using testing::kRevokesOnly;
using ::testing::SizeIs;

class CertificateServiceTest : public testing::ServiceFixture {
 protected:
  // What `stub`'s `method` answers.
  template <typename Stub, typename Request, typename Response>
  static absl::StatusOr<Response> Call(
      Stub& stub,
      grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                   Response*),
      const Request& request) {
    grpc::ClientContext context;
    rpc::SetTimeout(context, absl::Seconds(20));
    Response response;
    const grpc::Status status = (stub.*method)(&context, request, &response);
    if (!status.ok()) return rpc::FromGrpc(status);
    return response;
  }

  using Certificates = v1::CertificateService::Stub;
  using Issuers = v1::IssuerService::Stub;
  std::unique_ptr<Certificates> CertificatesAs(const std::string& uri) {
    return v1::CertificateService::NewStub(Channel(uri));
  }
  std::unique_ptr<Issuers> IssuersAs(const std::string& uri) {
    return v1::IssuerService::NewStub(Channel(uri));
  }

  v1::IssueRequest ToIssue(const std::string& request_id) const {
    v1::IssueRequest request;
    request.set_request_id(request_id);
    request.set_issuer("issuing");
    request.set_profile("server");
    request.set_csr(Order("").csr);
    return request;
  }
  absl::StatusOr<v1::ListCertificatesResponse> List(
      const v1::ListCertificatesRequest& request) {
    return Call(*reader_, &Certificates::ListCertificates, request);
  }
  // The request ids of what it lists, in order.
  std::vector<std::string> Listed(const v1::ListCertificatesRequest& request) {
    const auto page = List(request);
    EXPECT_THAT(page, IsOk());
    std::vector<std::string> out;
    for (const auto& certificate : page->certificates()) {
      out.push_back(certificate.request_id());
    }
    return out;
  }
  // Rows of which only the order matters.
  void AddRows(int count) {
    std::vector<storage::CertificateRow> rows;
    for (int i = 0; i < count; ++i) {
      rows.push_back({.issuer_id = issuing_.issuer_id,
                      .serial = "\x7f" + std::string(1, static_cast<char>(i)),
                      .der = "der",
                      .request_id = "row " + std::to_string(i),
                      .ledger_index = 1000 + static_cast<uint64_t>(i)});
    }
    EXPECT_THAT(real_inventory_->AddCertificates(rows), IsOk());
  }

  const std::unique_ptr<Certificates> reader_ = CertificatesAs(kReadsOnly);
};

class IssueManyTest : public CertificateServiceTest {
 protected:
  using Responses = std::vector<v1::IssueManyResponse>;

  // Sends the messages, then the stream's end; what comes back.
  absl::StatusOr<Responses> IssueMany(
      const std::string& uri, const std::vector<v1::IssueManyRequest>& all) {
    const auto stub = CertificatesAs(uri);
    grpc::ClientContext context;
    rpc::SetTimeout(context, absl::Seconds(20));
    const auto stream = stub->IssueMany(&context);
    for (const v1::IssueManyRequest& request : all) {
      if (!stream->Write(request)) break;
    }
    stream->WritesDone();
    Responses responses;
    for (v1::IssueManyResponse response; stream->Read(&response);) {
      responses.push_back(response);
    }
    const grpc::Status status = stream->Finish();
    if (!status.ok()) return rpc::FromGrpc(status);
    return responses;
  }
  v1::IssueManyRequest Message(const std::vector<std::string>& request_ids) {
    v1::IssueManyRequest request;
    for (const std::string& id : request_ids) {
      *request.add_requests() = ToIssue(id);
    }
    return request;
  }
};

TEST_F(IssueManyTest, EachMessageIsAnsweredInItsOrder) {
  auto second = Message({"3", "4", "5"});
  second.mutable_requests(1)->clear_profile();
  const auto responses =
      IssueMany(kIssuesOnly, {Message({"1", "2"}), second, Message({})});
  ASSERT_THAT(responses, IsOk());
  ASSERT_THAT(*responses, SizeIs(3));
  ASSERT_EQ((*responses)[0].results_size(), 2);
  const auto& first = (*responses)[0].results(0);
  EXPECT_EQ(first.request_id(), "1");
  EXPECT_EQ(first.issued().certificate().request_id(), "1");
  EXPECT_EQ(first.issued().certificate().requester(), kIssuesOnly);
  EXPECT_THAT(first.issued().chain(), ElementsAre(issuing_.certificate));
  EXPECT_EQ(first.issued().responders_acknowledged(), 2u);
  EXPECT_EQ(first.issued().responders_total(), 3u);
  EXPECT_EQ((*responses)[0].results(1).request_id(), "2");
  ASSERT_EQ((*responses)[1].results_size(), 3);
  EXPECT_EQ((*responses)[1].results(1).request_id(), "4");
  EXPECT_EQ((*responses)[1].results(1).error().code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ((*responses)[1].results(1).error().message(),
            "profile: must be named");
  EXPECT_TRUE((*responses)[1].results(2).has_issued());
  EXPECT_EQ((*responses)[2].results_size(), 0);
  // The rows are those of what was issued.
  EXPECT_EQ(signer_.issued(), 4u);
  EXPECT_THAT(Rows(), SizeIs(4));

  const auto again = IssueMany(kIssuesOnly, {Message({"1"})});
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ((*again)[0].results(0).issued().certificate().der(),
            first.issued().certificate().der());
}

TEST_F(IssueManyTest, NeedsTheRole) {
  EXPECT_THAT(IssueMany(kReadsOnly, {Message({"1"})}),
              StatusIs(absl::StatusCode::kPermissionDenied, "`issue`"));
  EXPECT_EQ(signer_.issued(), 0u);
}

TEST_F(IssueManyTest, AMessageHasItsLimit) {
  const auto responses =
      IssueMany(kIssuesOnly, {Message(std::vector<std::string>(257, "1"))});
  ASSERT_THAT(responses, IsOk());
  ASSERT_EQ((*responses)[0].results_size(), 257);
  EXPECT_EQ((*responses)[0].results(256).error().message(),
            "requests: 257: at most 256");
  EXPECT_EQ(signer_.issued(), 0u);
}

struct Caller {
  const char* name;
  const char* uri;
  bool issues = false;
  bool revokes = false;
  bool reads = false;
};

class RolesTest : public CertificateServiceTest,
                  public ::testing::WithParamInterface<Caller> {
 protected:
  template <typename Response>
  void Expect(bool allowed, const char* role,
              const absl::StatusOr<Response>& answer) {
    SCOPED_TRACE(role);
    if (allowed) {
      // Nothing that is asked here exists.
      EXPECT_FALSE(absl::IsPermissionDenied(answer.status()))
          << answer.status();
      return;
    }
    EXPECT_THAT(answer, StatusIs(absl::StatusCode::kPermissionDenied,
                                 std::string(GetParam().uri) +
                                     " has no role `" + role + "`"));
  }
};

TEST_P(RolesTest, AllowNothingElse) {
  const Caller& may = GetParam();
  const auto certificates = CertificatesAs(may.uri);
  const auto issuers = IssuersAs(may.uri);
  Expect(may.issues, "issue",
         Call(*certificates, &Certificates::Issue, ToIssue("1")));
  EXPECT_EQ(signer_.issued(), may.issues ? 1u : 0u);
  Expect(may.revokes, "revoke",
         Call(*certificates, &Certificates::Revoke, v1::RevokeRequest()));
  Expect(may.revokes, "revoke",
         Call(*certificates, &Certificates::Release, v1::ReleaseRequest()));
  Expect(may.reads, "read",
         Call(*certificates, &Certificates::GetCertificate,
              v1::GetCertificateRequest()));
  Expect(may.reads, "read",
         Call(*certificates, &Certificates::ListCertificates,
              v1::ListCertificatesRequest()));
  Expect(may.reads, "read",
         Call(*issuers, &Issuers::GetIssuer, v1::GetIssuerRequest()));
  Expect(may.reads, "read",
         Call(*issuers, &Issuers::ListIssuers, v1::ListIssuersRequest()));
}

INSTANTIATE_TEST_SUITE_P(
    All, RolesTest,
    ::testing::Values(
        Caller{.name = "All",
               .uri = kClient,
               .issues = true,
               .revokes = true,
               .reads = true},
        Caller{.name = "Issue", .uri = kIssuesOnly, .issues = true},
        Caller{.name = "Revoke", .uri = kRevokesOnly, .revokes = true},
        Caller{.name = "Read", .uri = kReadsOnly, .reads = true},
        Caller{.name = "None", .uri = kMayNothing}),
    [](const auto& info) { return info.param.name; });

TEST_F(CertificateServiceTest, IssuesToWhoeverTheCallersCertificateNames) {
  const auto as_client = CertificatesAs(kClient);
  const auto as_other = CertificatesAs(kIssuesOnly);
  const auto first = Call(*as_client, &Certificates::Issue, ToIssue("1"));
  const auto again = Call(*as_client, &Certificates::Issue, ToIssue("1"));
  const auto others = Call(*as_other, &Certificates::Issue, ToIssue("1"));
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(again, IsOk());
  ASSERT_THAT(others, IsOk());
  EXPECT_EQ(first->certificate().requester(), kClient);
  EXPECT_EQ(others->certificate().requester(), kIssuesOnly);
  EXPECT_EQ(signer_.last_issue().requester, kIssuesOnly);
  EXPECT_EQ(again->certificate().der(), first->certificate().der());
  // The same request id of another client is another order.
  EXPECT_NE(others->certificate().der(), first->certificate().der());
}

TEST_F(CertificateServiceTest, TellsAllAboutTheNewCertificate) {
  const auto answer =
      Call(*CertificatesAs(kClient), &Certificates::Issue, ToIssue("order 1"));
  ASSERT_THAT(answer, IsOk());
  EXPECT_THAT(answer->chain(), ElementsAre(issuing_.certificate));
  EXPECT_EQ(answer->responders_acknowledged(), 2u);
  EXPECT_EQ(answer->responders_total(), 3u);
  const v1::Certificate& certificate = answer->certificate();
  EXPECT_EQ(certificate.issuer(), "issuing");
  EXPECT_EQ(certificate.serial(), "\x01");
  EXPECT_EQ(certificate.der(), Rows()[0].der);
  EXPECT_EQ(certificate.status(), v1::STATUS_GOOD);
  EXPECT_EQ(certificate.revoked_at_seconds(), 0);
  EXPECT_EQ(certificate.not_before_seconds(), 1'800'000'000);
  EXPECT_EQ(certificate.not_after_seconds(), 1'800'000'000 + 90 * 86400);
  EXPECT_EQ(certificate.subject(), "CN=www.example.com");
  EXPECT_THAT(certificate.names(), ElementsAre("DNS:www.example.com"));
  EXPECT_EQ(certificate.profile(), "server");
  EXPECT_EQ(certificate.request_id(), "order 1");
}

TEST_F(CertificateServiceTest, GivesTheChainWheneverItGivesOneCertificate) {
  const auto client = CertificatesAs(kClient);
  const auto first = Call(*client, &Certificates::Issue, ToIssue("1"));
  const auto again = Call(*client, &Certificates::Issue, ToIssue("1"));
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(again, IsOk());
  EXPECT_THAT(first->chain(), ElementsAre(issuing_.certificate));
  EXPECT_THAT(again->chain(), ElementsAre(issuing_.certificate));
  v1::GetCertificateRequest get;
  get.set_serial(first->certificate().serial());
  const auto got = Call(*reader_, &Certificates::GetCertificate, get);
  ASSERT_THAT(got, IsOk());
  EXPECT_EQ(got->der(), first->certificate().der());
  EXPECT_THAT(got->chain(), ElementsAre(issuing_.certificate));
}

TEST_F(CertificateServiceTest, HoldsReleasesAndRevokes) {
  const std::string serial = IssueOne("1");
  const auto client = CertificatesAs(kRevokesOnly);
  v1::RevokeRequest revoke;
  revoke.set_request_id("hold");
  revoke.set_issuer("issuing");
  revoke.set_serial(serial);
  revoke.set_reason(6);
  auto changed = Call(*client, &Certificates::Revoke, revoke);
  ASSERT_THAT(changed, IsOk());
  EXPECT_EQ(changed->certificate().status(), v1::STATUS_HELD);
  EXPECT_EQ(changed->certificate().reason(), 6);
  EXPECT_EQ(changed->certificate().revoked_at_seconds(), 1'800'000'000);
  EXPECT_EQ(changed->responders_acknowledged(), 2u);
  EXPECT_EQ(changed->responders_total(), 3u);

  v1::ReleaseRequest release;
  release.set_request_id("release");
  release.set_issuer("issuing");
  release.set_serial(serial);
  changed = Call(*client, &Certificates::Release, release);
  ASSERT_THAT(changed, IsOk());
  EXPECT_EQ(changed->certificate().status(), v1::STATUS_GOOD);
  EXPECT_EQ(changed->certificate().revoked_at_seconds(), 0);

  revoke.set_request_id("revoke");
  revoke.set_reason(1);
  revoke.set_revoked_at_seconds(1'799'999'000);
  changed = Call(*client, &Certificates::Revoke, revoke);
  ASSERT_THAT(changed, IsOk());
  EXPECT_EQ(changed->certificate().status(), v1::STATUS_REVOKED);
  EXPECT_EQ(changed->certificate().reason(), 1);
  EXPECT_EQ(changed->certificate().revoked_at_seconds(), 1'799'999'000);

  v1::GetCertificateRequest get;
  get.set_serial(serial);
  auto got = Call(*reader_, &Certificates::GetCertificate, get);
  ASSERT_THAT(got, IsOk());
  got->clear_chain();
  EXPECT_EQ(got->SerializeAsString(),
            changed->certificate().SerializeAsString());
}

TEST_F(CertificateServiceTest, TellsClientsWhichFieldIsWrong) {
  const auto answer =
      Call(*CertificatesAs(kClient), &Certificates::Issue, ToIssue(""));
  EXPECT_THAT(answer, StatusIs(absl::StatusCode::kInvalidArgument,
                               "request_id: 0 bytes: must have 1 to 128"));
}

TEST_F(CertificateServiceTest, ListsWhatEveryFilterLeaves) {
  IssueOne("old");
  clock_.Advance(absl::Hours(24));
  IssueOrder order = Order("other's");
  order.issuer = "other";
  order.requester = kIssuesOnly;
  EXPECT_THAT(authority_.Issue(order), IsOk());
  const std::string held = IssueOne("held");
  const std::string revoked = IssueOne("revoked");
  EXPECT_THAT(authority_.Revoke(Revocation("a", held, 6)), IsOk());
  EXPECT_THAT(authority_.Revoke(Revocation("b", revoked, 1)), IsOk());

  v1::ListCertificatesRequest request;
  EXPECT_THAT(Listed(request),
              ElementsAre("old", "other's", "held", "revoked"));
  request.set_issuer("other");
  EXPECT_THAT(Listed(request), ElementsAre("other's"));
  request.Clear();
  request.set_requester(kIssuesOnly);
  EXPECT_THAT(Listed(request), ElementsAre("other's"));
  request.Clear();
  request.set_status(v1::STATUS_GOOD);
  EXPECT_THAT(Listed(request), ElementsAre("old", "other's"));
  request.set_status(v1::STATUS_HELD);
  EXPECT_THAT(Listed(request), ElementsAre("held"));
  request.set_status(v1::STATUS_REVOKED);
  EXPECT_THAT(Listed(request), ElementsAre("revoked"));
  request.set_issuer("other");
  EXPECT_THAT(Listed(request), IsEmpty());
  request.Clear();
  request.set_text("WWW.example");
  EXPECT_THAT(Listed(request), SizeIs(4));
  request.set_text("www%");
  EXPECT_THAT(Listed(request), IsEmpty());
  request.Clear();
  request.set_profile("server");
  EXPECT_THAT(Listed(request), SizeIs(4));
  request.set_profile("serve");
  EXPECT_THAT(Listed(request), IsEmpty());
  request.Clear();
  const int64_t first_ends = 1'800'000'000 + 90 * 86400;
  request.set_expires_before_seconds(first_ends + 1);
  EXPECT_THAT(Listed(request), ElementsAre("old"));
  request.set_expires_before_seconds(first_ends);
  EXPECT_THAT(Listed(request), IsEmpty());
  request.Clear();
  request.set_expires_after_seconds(first_ends);
  EXPECT_THAT(Listed(request), ElementsAre("other's", "held", "revoked"));
}

TEST_F(CertificateServiceTest, RefusesFiltersThatMakeNoSense) {
  v1::ListCertificatesRequest request;
  request.set_issuer("unknown");
  EXPECT_THAT(List(request),
              StatusIs(absl::StatusCode::kNotFound,
                       "issuer: there is none called \"unknown\""));
  request.Clear();
  request.set_status(static_cast<v1::Status>(99));
  EXPECT_THAT(List(request), StatusIs(absl::StatusCode::kInvalidArgument,
                                      "status: 99: must be a Status"));
  request.Clear();
  request.set_page_token("7.zz.01");
  EXPECT_THAT(List(request),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "page_token: \"7.zz.01\" is not from an earlier page"));
  request.Clear();
  request.set_page_size(1001);
  EXPECT_THAT(List(request), StatusIs(absl::StatusCode::kInvalidArgument,
                                      "page_size: 1001: at most 1000"));
  request.set_page_size(1000);
  EXPECT_THAT(List(request), IsOk());
}

TEST_F(CertificateServiceTest,
       GivesEachCertificateOnceInPagesThatStayWhereTheyAre) {
  AddRows(5);
  v1::ListCertificatesRequest request;
  request.set_page_size(2);
  std::vector<std::string> ids;
  std::vector<int> sizes;
  do {
    const auto page = List(request);
    ASSERT_THAT(page, IsOk());
    sizes.push_back(page->certificates_size());
    for (const auto& certificate : page->certificates()) {
      ids.push_back(certificate.request_id());
    }
    request.set_page_token(page->next_page_token());
    // New ones come last, on a page that is still to be read.
    if (sizes.size() == 1) AddRows(6);
  } while (!request.page_token().empty());
  EXPECT_THAT(sizes, ElementsAre(2, 2, 2));
  EXPECT_THAT(
      ids, ElementsAre("row 0", "row 1", "row 2", "row 3", "row 4", "row 5"));
}

TEST_F(CertificateServiceTest, GivesAHundredUnlessAskedForMore) {
  AddRows(101);
  v1::ListCertificatesRequest request;
  const auto page = List(request);
  ASSERT_THAT(page, IsOk());
  EXPECT_EQ(page->certificates_size(), 100);
  EXPECT_FALSE(page->next_page_token().empty());
  request.set_page_size(101);
  const auto larger = List(request);
  ASSERT_THAT(larger, IsOk());
  EXPECT_EQ(larger->certificates_size(), 101);
  EXPECT_TRUE(larger->next_page_token().empty());
}

TEST_F(CertificateServiceTest, ShowsIssuers) {
  const auto client = IssuersAs(kReadsOnly);
  v1::GetIssuerRequest request;
  request.set_name("issuing");
  const auto issuer = Call(*client, &Issuers::GetIssuer, request);
  ASSERT_THAT(issuer, IsOk());
  EXPECT_EQ(issuer->name(), "issuing");
  EXPECT_EQ(issuer->issuer_id(), issuing_.issuer_id);
  EXPECT_EQ(issuer->certificate(), issuing_.certificate);
  EXPECT_THAT(issuer->chain(), ElementsAre(issuing_.certificate));
  EXPECT_THAT(issuer->profiles(), ElementsAre("server"));

  request.set_name("unknown");
  EXPECT_THAT(Call(*client, &Issuers::GetIssuer, request),
              StatusIs(absl::StatusCode::kNotFound,
                       "issuer: there is none called \"unknown\""));

  const auto all =
      Call(*client, &Issuers::ListIssuers, v1::ListIssuersRequest());
  ASSERT_THAT(all, IsOk());
  ASSERT_EQ(all->issuers_size(), 2);
  EXPECT_EQ(all->issuers(0).name(), "issuing");
  EXPECT_EQ(all->issuers(1).name(), "other");
  EXPECT_EQ(all->issuers(1).certificate(), other_.certificate);
}

}  // namespace
}  // namespace chancery::authority
