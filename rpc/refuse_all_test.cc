#include "rpc/refuse_all.h"

#include <atomic>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/testing/status_matchers.h"
#include "chancery/config/common.pb.h"
#include "gmock/gmock.h"
#include "grpcpp/channel.h"
#include "grpcpp/generic/async_generic_service.h"
#include "grpcpp/impl/codegen/client_unary_call.h"
#include "grpcpp/support/sync_stream.h"
#include "rpc/client.h"
#include "rpc/credentials.h"
#include "rpc/log.h"
#include "rpc/metrics.h"
#include "rpc/server.h"
#include "rpc/status.h"
#include "rpc/testing/echo.grpc.pb.h"
#include "rpc/testing/echo_server.h"
#include "rpc/testing/service_ca.h"

namespace chancery::rpc {
namespace {

using base::testing::IsOk;
using base::testing::StatusIs;
using testing::EchoRequest;
using testing::EchoResponse;
using testing::EchoService;

constexpr auto kUnavailable = absl::StatusCode::kUnavailable;

// The one service that is there.
class Here final : public EchoService::CallbackService {
  grpc::ServerUnaryReactor* Echo(grpc::CallbackServerContext* context,
                                 const EchoRequest* request,
                                 EchoResponse* response) override {
    response->set_text(request->text());
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

class RefuseAllTest : public ::testing::Test {
 protected:
  // With these services; all other calls are refused.
  void Start(const std::vector<grpc::Service*>& services = {}) {
    ServerOptions options;
    options.addresses = {"127.0.0.1:0"};
    options.services = services;
    options.otherwise = refuse_all_.get();
    auto server = Server::Start(
        options, *Credentials::Load(ca_.Issue(testing::kServerUri)), metrics_,
        log_);
    ASSERT_THAT(server, IsOk());
    server_ = *std::move(server);
    channel_ = Connect(ca_.Issue(testing::kClientUri));
  }
  std::shared_ptr<grpc::Channel> Connect(const config::TlsIdentity& own) {
    config::Target target;
    target.set_address(server_->addresses()[0]);
    target.set_expected_uri(testing::kServerUri);
    auto channel = MakeChannel("echo", target, *Credentials::Load(own));
    EXPECT_THAT(channel, IsOk());
    return *channel;
  }
  void Say(const absl::Status& why) {
    base::MutexLock lock(mu_);
    why_ = why;
  }

  // A call of each kind of a service that is not there.
  absl::Status Echo(const std::shared_ptr<grpc::Channel>& channel) {
    grpc::ClientContext context;
    SetTimeout(context, absl::Seconds(20));
    EchoRequest request;
    EchoResponse response;
    return FromGrpc(
        EchoService::NewStub(channel)->Echo(&context, request, &response));
  }
  absl::Status Repeat() {
    grpc::ClientContext context;
    SetTimeout(context, absl::Seconds(20));
    EchoResponse response;
    const auto reader =
        EchoService::NewStub(channel_)->Repeat(&context, EchoRequest());
    EXPECT_FALSE(reader->Read(&response));
    return FromGrpc(reader->Finish());
  }
  absl::Status Join() {
    grpc::ClientContext context;
    SetTimeout(context, absl::Seconds(20));
    EchoResponse response;
    const auto writer =
        EchoService::NewStub(channel_)->Join(&context, &response);
    EchoRequest request;
    request.set_text(std::string(10'000, 'a'));
    while (writer->Write(request)) continue;  // Until it is told.
    return FromGrpc(writer->Finish());
  }
  // A method that nobody ever had.
  absl::Status Unknown() {
    grpc::ClientContext context;
    SetTimeout(context, absl::Seconds(20));
    const grpc::internal::RpcMethod method(
        "/no.such.Service/Call", nullptr,
        grpc::internal::RpcMethod::NORMAL_RPC);
    const grpc::Slice bytes("\xff\xff not a message");
    const grpc::ByteBuffer request(&bytes, 1);
    grpc::ByteBuffer response;
    return FromGrpc(
        grpc::internal::BlockingUnaryCall<grpc::ByteBuffer, grpc::ByteBuffer>(
            channel_.get(), method, &context, request, &response));
  }

  base::Mutex mu_;
  absl::Status why_ ABSL_GUARDED_BY(mu_) =
      absl::UnavailableError("signer: ledger behind");
  std::atomic<int> asked_ = 0;
  const std::unique_ptr<grpc::CallbackGenericService> refuse_all_ =
      MakeRefuseAll([this] {
        ++asked_;
        base::MutexLock lock(mu_);
        return why_;
      });
  std::ostringstream lines_;
  const Log log_{{}, base::SystemClock(), lines_};
  Metrics metrics_;
  testing::ServiceCa ca_{"refuse"};
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(RefuseAllTest, EveryKindOfCallEndsWithTheReason) {
  Start();
  for (const absl::Status& told :
       {Echo(channel_), Repeat(), Join(), Unknown()}) {
    EXPECT_THAT(told, StatusIs(kUnavailable, "signer: ledger behind"));
  }
  EXPECT_EQ(asked_, 4);
}

TEST_F(RefuseAllTest, TheReasonIsTheOneOfThatTime) {
  Start();
  EXPECT_THAT(Echo(channel_), StatusIs(kUnavailable, "ledger behind"));
  Say(absl::FailedPreconditionError("stands by"));
  EXPECT_THAT(Echo(channel_),
              StatusIs(absl::StatusCode::kFailedPrecondition, "stands by"));
}

TEST_F(RefuseAllTest, WhatIsPrivateIsNotTold) {
  Start();
  Say(absl::DataLossError("/var/lib/chancery/ledger: entry 7"));
  EXPECT_EQ(Echo(channel_), absl::DataLossError("internal error"));
}

TEST_F(RefuseAllTest, AServiceThatIsThereAnswers) {
  Here here;
  Start({&here});
  EXPECT_THAT(Echo(channel_), IsOk());
  EXPECT_EQ(asked_, 0);
  EXPECT_THAT(Unknown(), StatusIs(kUnavailable, "ledger behind"));
  server_.reset();
}

// Who is no one of ours learns nothing, not even the reason.
TEST_F(RefuseAllTest, AStrangerIsNotAnswered) {
  Start();
  testing::ServiceCa other("stranger");
  config::TlsIdentity stranger = other.Issue(testing::kClientUri);
  stranger.set_trust_file(ca_.trust_file());
  const absl::Status told = Echo(Connect(stranger));
  EXPECT_FALSE(told.ok());
  EXPECT_EQ(told.message().find("ledger behind"), absl::string_view::npos);
  EXPECT_EQ(asked_, 0);
}

}  // namespace
}  // namespace chancery::rpc
