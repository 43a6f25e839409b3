// What an authority says to signer and refresher, and hears, over mutual TLS.
#include <unistd.h>

#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "authority/grpc_publisher.h"
#include "authority/grpc_signer_client.h"
#include "authority/testing/fake_signer.h"
#include "authority/testing/openssl_csr.h"
#include "authority/testing/refresher_server.h"
#include "authority/testing/signer_server.h"
#include "base/status_macros.h"
#include "base/testing/fake_clock.h"
#include "base/testing/status_matchers.h"
#include "chancery/config/common.pb.h"
#include "gmock/gmock.h"
#include "grpcpp/channel.h"
#include "gtest/gtest.h"
#include "rpc/client.h"
#include "rpc/convert/block_update.h"
#include "rpc/credentials.h"
#include "rpc/testing/service_ca.h"

namespace chancery::authority {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using storage::CertificateStatus;
using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr char kServer[] = "spiffe://test/server/one";

class GrpcTest : public ::testing::Test {
 protected:
  std::shared_ptr<grpc::Channel> Channel() {
    config::Target target;
    target.set_address(address_);
    target.set_expected_uri(kServer);
    return *rpc::MakeChannel("server", target, client_);
  }

  // Short: a socket's path has at most 107 bytes.
  const std::string address_ =
      "unix:/tmp/chancery-clients-" + std::to_string(getpid()) + ".sock";
  rpc::testing::ServiceCa ca_{"clients"};
  const rpc::Credentials server_ = *rpc::Credentials::Load(ca_.Issue(kServer));
  const rpc::Credentials client_ =
      *rpc::Credentials::Load(ca_.Issue("spiffe://test/authority/one"));
};

class GrpcSignerClientTest : public GrpcTest {
 protected:
  SignerIssue Order() const {
    return {.request_id = "1",
            .requester = "spiffe://test/client/one",
            .issuer = "issuing",
            .profile = "server",
            .csr = testing::OpenSslCsr("www.example.com"),
            .not_before = absl::FromUnixSeconds(1'800'000'001),
            .not_after = absl::FromUnixSeconds(1'800'000'002)};
  }

  absl::StatusOr<SignerIssued> Issue(const SignerIssue& order) {
    ASSIGN_OR_RETURN(const SignerIssuedBatch batch,
                     client_of_signer_->IssueBatch({order}));
    return batch.results.at(0);
  }

  const base::testing::FakeClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  testing::FakeSigner signer_{clock_};
  const storage::IssuerRow issuing_ = signer_.AddIssuer("issuing", {"server"});
  testing::SignerServer signer_server_{signer_, address_, server_};
  const std::unique_ptr<SignerClient> client_of_signer_ =
      MakeGrpcSignerClient(Channel(), absl::Seconds(20));
};

TEST_F(GrpcSignerClientTest, CarriesOrdersAndCertificatesWhole) {
  const SignerIssue order = Order();
  const auto batch = client_of_signer_->IssueBatch({order});
  ASSERT_THAT(batch, IsOk());
  ASSERT_THAT(batch->results, SizeIs(1));
  const auto& issued = batch->results[0];
  ASSERT_THAT(issued, IsOk());
  const SignerIssue heard = signer_.last_issue();
  EXPECT_EQ(heard.request_id, order.request_id);
  EXPECT_EQ(heard.requester, order.requester);
  EXPECT_EQ(heard.issuer, order.issuer);
  EXPECT_EQ(heard.profile, order.profile);
  EXPECT_EQ(heard.csr, order.csr);
  EXPECT_EQ(heard.not_before, order.not_before);
  EXPECT_EQ(heard.not_after, order.not_after);

  const auto again = Issue(order);
  const auto direct = signer_.Issue(order);
  ASSERT_THAT(again, IsOk());
  ASSERT_THAT(direct, IsOk());
  EXPECT_FALSE(issued->repeated);
  EXPECT_TRUE(again->repeated);
  EXPECT_EQ(issued->certificate, direct->certificate);
  EXPECT_THAT(issued->chain, ElementsAre(issuing_.certificate));
  EXPECT_EQ(issued->issuer_id, issuing_.issuer_id);
  EXPECT_EQ(issued->serial, "\x01");
  EXPECT_EQ(issued->ledger_index, direct->ledger_index);
  EXPECT_EQ(issued->block_id, "a block");
  EXPECT_EQ(issued->place, 1u);
  EXPECT_EQ(issued->crl_shard, 5u);
  const auto twin = signer_.IssueBatch({});
  ASSERT_THAT(batch->updates, SizeIs(1));
  EXPECT_EQ(batch->updates[0].block_id, twin->updates[0].block_id);
  EXPECT_EQ(batch->updates[0].version, twin->updates[0].version);
  EXPECT_EQ(batch->updates[0].base_version, twin->updates[0].base_version);
  EXPECT_EQ(batch->updates[0].content, "a delta");
}

TEST_F(GrpcSignerClientTest, AnErrorIsOfOneOrderOnly) {
  std::vector<SignerIssue> orders(3, Order());
  for (size_t i = 0; i < orders.size(); ++i) {
    orders[i].request_id = std::to_string(i);
  }
  orders[1].profile = "another";
  const auto batch = client_of_signer_->IssueBatch(orders);
  ASSERT_THAT(batch, IsOk());
  ASSERT_THAT(batch->results, SizeIs(3));
  ASSERT_THAT(batch->results[0], IsOk());
  EXPECT_THAT(batch->results[1],
              StatusIs(absl::StatusCode::kNotFound,
                       "profile: issuer \"issuing\" has none called "
                       "\"another\""));
  ASSERT_THAT(batch->results[2], IsOk());
  EXPECT_EQ(batch->results[0]->serial, "\x01");
  EXPECT_EQ(batch->results[2]->serial, "\x02");
}

TEST_F(GrpcSignerClientTest, TellsHeldRevokedAndGoodApart) {
  ASSERT_THAT(Issue(Order()), IsOk());
  SignerRevoke revoke{.request_id = "hold",
                      .requester = "spiffe://test/client/one",
                      .issuer = "issuing",
                      .serial = "\x01",
                      .reason = 6};
  const auto held = client_of_signer_->Revoke(revoke);
  ASSERT_THAT(held, IsOk());
  EXPECT_EQ(held->status.issuer_id, issuing_.issuer_id);
  EXPECT_EQ(held->status.serial, "\x01");
  EXPECT_EQ(held->status.status, CertificateStatus::kHeld);
  EXPECT_EQ(held->status.reason, 6);
  EXPECT_EQ(held->status.revoked_at, clock_.Now());
  EXPECT_EQ(held->status.ledger_index, 2u);
  EXPECT_THAT(held->updates, SizeIs(1));

  const auto released =
      client_of_signer_->Release({.request_id = "release",
                                  .requester = "spiffe://test/client/one",
                                  .issuer = "issuing",
                                  .serial = "\x01"});
  ASSERT_THAT(released, IsOk());
  EXPECT_EQ(released->status.status, CertificateStatus::kGood);
  EXPECT_EQ(released->status.reason, 0);
  EXPECT_EQ(released->status.revoked_at, absl::UnixEpoch());

  revoke.request_id = "revoke";
  revoke.reason = 0;
  revoke.revoked_at = clock_.Now() - absl::Hours(1);
  const auto revoked = client_of_signer_->Revoke(revoke);
  ASSERT_THAT(revoked, IsOk());
  EXPECT_EQ(revoked->status.status, CertificateStatus::kRevoked);
  EXPECT_EQ(revoked->status.revoked_at, revoke.revoked_at);
}

TEST_F(GrpcSignerClientTest, ListsIssuersWhole) {
  const auto issuers = client_of_signer_->ListIssuers();
  ASSERT_THAT(issuers, IsOk());
  ASSERT_THAT(*issuers, SizeIs(1));
  const storage::IssuerRow& issuer = issuers->front();
  EXPECT_EQ(issuer.issuer_id, issuing_.issuer_id);
  EXPECT_EQ(issuer.name, "issuing");
  EXPECT_EQ(issuer.certificate, issuing_.certificate);
  EXPECT_EQ(issuer.chain, issuing_.chain);
  EXPECT_THAT(issuer.profiles, ElementsAre("server"));
}

struct Translated {
  absl::StatusCode signers;
  absl::StatusCode ours;
};

class SignerErrorTest : public GrpcSignerClientTest,
                        public ::testing::WithParamInterface<Translated> {};

TEST_P(SignerErrorTest, BecomesWhatTheClientCanActUpon) {
  signer_.FailNext(absl::Status(GetParam().signers, "why"), false);
  EXPECT_THAT(Issue(Order()), StatusIs(GetParam().ours, ""));
}

INSTANTIATE_TEST_SUITE_P(
    All, SignerErrorTest,
    ::testing::Values(
        // The client's own.
        Translated{absl::StatusCode::kInvalidArgument,
                   absl::StatusCode::kInvalidArgument},
        Translated{absl::StatusCode::kNotFound, absl::StatusCode::kNotFound},
        Translated{absl::StatusCode::kAlreadyExists,
                   absl::StatusCode::kAlreadyExists},
        Translated{absl::StatusCode::kFailedPrecondition,
                   absl::StatusCode::kFailedPrecondition},
        // To be repeated.
        Translated{absl::StatusCode::kUnavailable,
                   absl::StatusCode::kUnavailable},
        Translated{absl::StatusCode::kDeadlineExceeded,
                   absl::StatusCode::kUnavailable},
        Translated{absl::StatusCode::kResourceExhausted,
                   absl::StatusCode::kUnavailable},
        Translated{absl::StatusCode::kAborted, absl::StatusCode::kUnavailable},
        // Ours: the client has done nothing wrong and may not see it.
        Translated{absl::StatusCode::kPermissionDenied,
                   absl::StatusCode::kInternal},
        Translated{absl::StatusCode::kUnauthenticated,
                   absl::StatusCode::kInternal},
        Translated{absl::StatusCode::kInternal, absl::StatusCode::kInternal}),
    [](const auto& info) {
      std::string name;
      for (const char c : absl::StatusCodeToString(info.param.signers)) {
        if (c != '_') name += c;
      }
      return name;
    });

TEST_F(GrpcTest, ASignerThatIsNotThereIsUnavailable) {
  const auto client = MakeGrpcSignerClient(Channel(), absl::Seconds(20));
  EXPECT_TRUE(absl::IsUnavailable(client->ListIssuers().status()));
}

TEST_F(GrpcTest, APublisherTellsWhoAcknowledged) {
  testing::RefresherServer refresher(address_, server_);
  const auto publisher = MakeGrpcPublisher(Channel());
  const auto acknowledged = publisher->Publish(
      {{.block_id = std::string(16, 'b'), .version = 2, .content = "block"}},
      absl::Seconds(20));
  ASSERT_THAT(acknowledged, IsOk());
  EXPECT_EQ(acknowledged->responders, 2u);
  EXPECT_EQ(acknowledged->total, 3u);
  ASSERT_THAT(refresher.requests(), SizeIs(1));
  const auto heard = rpc::FromProto(refresher.requests()[0].updates());
  ASSERT_THAT(heard, SizeIs(1));
  EXPECT_EQ(heard[0].content, "block");
  EXPECT_FALSE(heard[0].is_delta());
  // The refresher answers before we give up.
  EXPECT_LT(refresher.requests()[0].wait_ms(), 20'000u);
}

TEST_F(GrpcTest, APublisherWaitsNoLongerThanTold) {
  testing::RefresherServer refresher(address_, server_);
  refresher.Hang();
  const auto publisher = MakeGrpcPublisher(Channel());
  const absl::Time start = absl::Now();
  EXPECT_THAT(publisher->Publish({}, absl::Milliseconds(300)),
              StatusIs(absl::StatusCode::kDeadlineExceeded, ""));
  const absl::Duration took = absl::Now() - start;
  EXPECT_GE(took, absl::Milliseconds(290));
  EXPECT_LT(took, absl::Seconds(5));  // On a machine that is busy.
}

}  // namespace
}  // namespace chancery::authority
