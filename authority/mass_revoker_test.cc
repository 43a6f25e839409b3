#include "authority/mass_revoker.h"

#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "authority/grpc_mass_signer_client.h"
#include "authority/testing/fake_publisher.h"
#include "base/testing/fake_clock.h"
#include "base/testing/status_matchers.h"
#include "chancery/signer/v1/revocation.grpc.pb.h"
#include "gmock/gmock.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "rpc/log.h"

namespace chancery::authority {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

MassRevokeOrder Order() {
  return {.request_id = "many",
          .requester = "spiffe://test/client/one",
          .issuer = "issuing",
          .serials = {"\1", "\2", "\3"},
          .reason = 4,
          .revoked_at = absl::FromUnixSeconds(7),
          .order = "signed"};
}

block::Update UpdateOf(size_t bytes) {
  return {.block_id = std::string(16, 'b'),
          .version = 2,
          .base_version = 1,
          .content = std::string(bytes, 'c')};
}

class FakeMassSigner final : public MassSignerClient {
 public:
  absl::Status RevokeMany(
      const MassRevokeOrder& order,
      absl::FunctionRef<absl::Status(MassProgress)> report) override {
    asked = order;
    for (const MassProgress& step : steps) {
      if (auto told = report(step); !told.ok()) return told;
    }
    return ends_with;
  }
  MassRevokeOrder asked;
  std::vector<MassProgress> steps;
  absl::Status ends_with;
};

class MassRevokerTest : public ::testing::Test {
 protected:
  absl::Status Run(const MassRevokeOrder& order = Order()) {
    return revoker_.RevokeMany(
        order, [&](const MassProgress& progress, Acknowledged acknowledged) {
          told_.push_back({progress.done, acknowledged.responders});
          return report_;
        });
  }

  FakeMassSigner signer_;
  testing::FakePublisher publisher_;
  base::testing::FakeClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  std::ostringstream lines_;
  const rpc::Log log_{{}, clock_, lines_};
  MassRevoker revoker_{{.signer = signer_,
                        .publisher = &publisher_,
                        .log = log_,
                        .publish_wait = absl::Milliseconds(700)}};
  std::vector<std::pair<uint64_t, uint32_t>> told_;
  absl::Status report_;
};

TEST_F(MassRevokerTest, EachStepIsPublishedBeforeItIsTold) {
  signer_.steps = {{.total = 3, .done = 1},
                   {.total = 3, .done = 3, .updates = {UpdateOf(10)}}};
  publisher_.during = [&] { EXPECT_THAT(told_, SizeIs(1)); };
  EXPECT_THAT(Run(), IsOk());
  EXPECT_THAT(told_, ElementsAre(std::pair(1u, 0u), std::pair(3u, 2u)));
  ASSERT_THAT(publisher_.calls, SizeIs(1));
  EXPECT_EQ(publisher_.calls[0].wait, absl::Milliseconds(700));
}

TEST_F(MassRevokerTest, MessagesToTheRefresherAreBounded) {
  signer_.steps = {{.done = 1,
                    .updates = {UpdateOf(3 << 20), UpdateOf(3 << 20),
                                UpdateOf(1), UpdateOf(9 << 20)}}};
  EXPECT_THAT(Run(), IsOk());
  ASSERT_THAT(publisher_.calls, SizeIs(3));
  EXPECT_THAT(publisher_.calls[1].updates, SizeIs(2));
  publisher_.calls.clear();
  signer_.steps = {
      {.done = 1, .updates = std::vector<block::Update>(1001, UpdateOf(1))}};
  EXPECT_THAT(Run(), IsOk());
  ASSERT_THAT(publisher_.calls, SizeIs(3));
  EXPECT_THAT(publisher_.calls[2].updates, SizeIs(1));
}

TEST_F(MassRevokerTest, ARefresherThatIsAwayStopsNothing) {
  signer_.steps = {{.done = 1, .updates = {UpdateOf(1)}}, {.done = 3}};
  publisher_.answer = absl::UnavailableError("away");
  EXPECT_THAT(Run(), IsOk());
  EXPECT_THAT(told_, ElementsAre(std::pair(1u, 0u), std::pair(3u, 0u)));
  EXPECT_THAT(lines_.str(), HasSubstr("not_published"));
}

TEST_F(MassRevokerTest, RefusesWhatNoSignerShouldSee) {
  MassRevokeOrder order = Order();
  order.issuer.clear();
  EXPECT_THAT(Run(order), StatusIs(kInvalid, "issuer"));
  order = Order();
  order.serials.clear();
  EXPECT_THAT(Run(order), StatusIs(kInvalid, "serials: 0"));
  order.serials.assign(MassRevoker::kMaxSerials + 1, "\1");
  EXPECT_THAT(Run(order), StatusIs(kInvalid, "serials: 200001"));
}

TEST_F(MassRevokerTest, AClientThatIsGoneEndsIt) {
  signer_.steps = {{.done = 1}, {.done = 3}};
  report_ = absl::CancelledError("gone");
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kCancelled, "gone"));
  EXPECT_THAT(told_, SizeIs(1));
}

TEST_F(MassRevokerTest, WhyASignerIsAwayIsForOurLog) {
  signer_.ends_with = absl::UnavailableError("unix:/secret/path");
  const absl::Status status = Run();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable, "repeat"));
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("secret")));
  EXPECT_THAT(lines_.str(), HasSubstr("secret"));
}

// A signer's service that answers as told, without mutual TLS.
class SignerService final : public signer::v1::RevocationService::Service {
 public:
  grpc::Status RevokeMany(
      grpc::ServerContext*, const signer::v1::RevokeManyRequest* request,
      grpc::ServerWriter<signer::v1::RevokeManyResponse>* out) override {
    asked = *request;
    signer::v1::RevokeManyResponse response;
    response.set_total(3);
    response.set_done(2);
    response.set_revoked(1);
    response.set_already_revoked(1);
    auto& refused = *response.add_refused();
    refused.set_serial("\3");
    refused.set_unknown(true);
    refused.set_why("never issued");
    response.add_updates()->set_delta("delta");
    out->Write(response);
    return ends_with;
  }
  signer::v1::RevokeManyRequest asked;
  grpc::Status ends_with;
};

class GrpcMassSignerClientTest : public ::testing::Test {
 protected:
  GrpcMassSignerClientTest() {
    grpc::ServerBuilder builder;
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    client_ = MakeGrpcMassSignerClient(
        server_->InProcessChannel(grpc::ChannelArguments()), absl::Seconds(60));
  }
  SignerService service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<MassSignerClient> client_;
};

TEST_F(GrpcMassSignerClientTest, AsksAllAndTellsAll) {
  int steps = 0;
  EXPECT_THAT(client_->RevokeMany(
                  Order(),
                  [&](const MassProgress& progress) {
                    ++steps;
                    EXPECT_EQ(progress.total, 3u);
                    EXPECT_EQ(progress.done, 2u);
                    EXPECT_EQ(progress.revoked, 1u);
                    EXPECT_EQ(progress.already_revoked, 1u);
                    EXPECT_EQ(progress.refused.at(0).serial, "\3");
                    EXPECT_TRUE(progress.refused.at(0).unknown);
                    EXPECT_EQ(progress.refused.at(0).why, "never issued");
                    EXPECT_EQ(progress.updates.at(0).content, "delta");
                    return absl::OkStatus();
                  }),
              IsOk());
  EXPECT_EQ(steps, 1);
  EXPECT_EQ(service_.asked.request_id(), "many");
  EXPECT_EQ(service_.asked.requester(), "spiffe://test/client/one");
  EXPECT_EQ(service_.asked.issuer(), "issuing");
  EXPECT_EQ(service_.asked.serials_size(), 3);
  EXPECT_EQ(service_.asked.reason(), 4);
  EXPECT_EQ(service_.asked.revoked_at_seconds(), 7);
  EXPECT_EQ(service_.asked.order(), "signed");
}

// What the limit is, and what is wrong with an order, is for the client; that
// the signer refuses the authority is not.
TEST_F(GrpcMassSignerClientTest, TellsTheClientsErrorsFromOurs) {
  struct Row {
    grpc::StatusCode code;
    std::string message;
    absl::StatusCode ours;
  };
  for (const Row& row : std::vector<Row>{
           {grpc::StatusCode::RESOURCE_EXHAUSTED, "limit: 1000",
            absl::StatusCode::kResourceExhausted},
           {grpc::StatusCode::RESOURCE_EXHAUSTED, "too many calls",
            absl::StatusCode::kUnavailable},
           {grpc::StatusCode::PERMISSION_DENIED, "order: signature",
            absl::StatusCode::kPermissionDenied},
           {grpc::StatusCode::PERMISSION_DENIED, "no role",
            absl::StatusCode::kInternal},
           {grpc::StatusCode::INVALID_ARGUMENT, "reason", kInvalid}}) {
    service_.ends_with = grpc::Status(row.code, row.message);
    EXPECT_THAT(client_->RevokeMany(
                    Order(), [](MassProgress) { return absl::OkStatus(); }),
                StatusIs(row.ours, row.message));
  }
}

TEST_F(GrpcMassSignerClientTest, ReturnsWhyTheReportEndedIt) {
  EXPECT_THAT(
      client_->RevokeMany(
          Order(), [](MassProgress) { return absl::CancelledError("gone"); }),
      StatusIs(absl::StatusCode::kCancelled, "gone"));
}

}  // namespace
}  // namespace chancery::authority
