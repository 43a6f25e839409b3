#include "rpc/server.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "absl/time/clock.h"
#include "base/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "grpcpp/channel.h"
#include "grpcpp/impl/codegen/client_unary_call.h"
#include "grpcpp/support/sync_stream.h"
#include "rpc/client.h"
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
using ::testing::HasSubstr;
using ::testing::Not;

class ServerTest : public ::testing::Test {
 protected:
  std::shared_ptr<grpc::Channel> Channel(const testing::EchoServer& server) {
    auto channel = MakeChannel("echo", server.target(), client_);
    EXPECT_THAT(channel, IsOk());
    return *channel;
  }

  absl::Status Echo(const testing::EchoServer& server,
                    const std::string& text) {
    grpc::ClientContext context;
    SetTimeout(context, absl::Seconds(20));
    EchoRequest request;
    request.set_text(text);
    EchoResponse response;
    return FromGrpc(testing::EchoService::NewStub(Channel(server))
                        ->Echo(&context, request, &response));
  }

  // Short: a socket's path has at most 107 bytes.
  const std::string path_ =
      "/tmp/chancery-server-" + std::to_string(getpid()) + ".sock";
  const std::string unix_ = "unix:" + path_;
  testing::ServiceCa ca_{"server"};
  const Credentials credentials_ =
      *Credentials::Load(ca_.Issue(testing::kServerUri));
  const Credentials client_ =
      *Credentials::Load(ca_.Issue(testing::kClientUri));
  testing::EchoServer server_{credentials_};
};

TEST_F(ServerTest, ReportsThePortThatItTook) {
  ASSERT_THAT(server_.Start({"127.0.0.1:0", unix_}), IsOk());
  EXPECT_THAT(server_.server().addresses()[0], Not(::testing::EndsWith(":0")));
  EXPECT_EQ(server_.server().addresses()[1], unix_);
  EXPECT_THAT(Echo(server_, "a"), IsOk());
}

TEST_F(ServerTest, SaysThatAPortIsInUse) {
  ASSERT_THAT(server_.Start({"127.0.0.1:0"}), IsOk());
  testing::EchoServer second(credentials_);
  EXPECT_THAT(second.Start({server_.server().addresses()[0]}),
              StatusIs(absl::StatusCode::kAlreadyExists,
                       "another process is serving it"));
  EXPECT_THAT(Echo(server_, "a"), IsOk());
}

TEST_F(ServerTest, SocketIsForItsOwnerAndGoesWithTheServer) {
  ASSERT_THAT(server_.Start({unix_}), IsOk());
  struct stat facts = {};
  ASSERT_EQ(stat(path_.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777, 0600u);
  server_.server().Stop(absl::ZeroDuration());
  EXPECT_NE(stat(path_.c_str(), &facts), 0);
}

TEST_F(ServerTest, LeavesTheSocketOfALiveProcessAlone) {
  ASSERT_THAT(server_.Start({unix_}), IsOk());
  testing::EchoServer second(credentials_);
  EXPECT_THAT(second.Start({unix_}),
              StatusIs(absl::StatusCode::kAlreadyExists, unix_));
  EXPECT_THAT(Echo(server_, "a"), IsOk());
}

TEST_F(ServerTest, ReplacesTheSocketOfADeadProcess) {
  sockaddr_un name = {};
  name.sun_family = AF_UNIX;
  path_.copy(name.sun_path, sizeof(name.sun_path) - 1);
  const int dead = socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(bind(dead, reinterpret_cast<sockaddr*>(&name), sizeof(name)), 0);
  close(dead);  // The file stays.
  ASSERT_THAT(server_.Start({unix_}), IsOk());
  EXPECT_THAT(Echo(server_, "a"), IsOk());
}

TEST_F(ServerTest, DoesNotRemoveWhatIsNoSocket) {
  std::ofstream(path_) << "precious";
  EXPECT_THAT(server_.Start({unix_}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "no socket"));
  std::string content;
  std::ifstream(path_) >> content;
  EXPECT_EQ(content, "precious");
  unlink(path_.c_str());
}

TEST_F(ServerTest, RefusesAddressesThatAreNone) {
  EXPECT_THAT(server_.Start({}),
              StatusIs(absl::StatusCode::kInvalidArgument, "listen.address"));
  EXPECT_THAT(
      server_.Start({"192.0.2.1:0"}),
      StatusIs(absl::StatusCode::kInvalidArgument, "Cannot assign requested"));
  EXPECT_THAT(server_.Start({"unix:/nowhere/a.sock"}),
              StatusIs(absl::StatusCode::kPermissionDenied, "folder"));
}

TEST_F(ServerTest, StopLetsRunningCallsFinish) {
  ASSERT_THAT(server_.Start({"127.0.0.1:0"}), IsOk());
  absl::Status status = absl::UnknownError("not yet");
  std::thread caller([&] { status = Echo(server_, "wait"); });
  server_.AwaitWaiting();
  std::thread stopper([&] { server_.server().Stop(absl::Seconds(60)); });
  const absl::Time deadline = absl::Now() + absl::Seconds(30);
  while (Echo(server_, "new").ok()) ASSERT_LT(absl::Now(), deadline);
  server_.Release();
  stopper.join();
  caller.join();
  EXPECT_THAT(status, IsOk());
}

TEST_F(ServerTest, StopCancelsWhatOutlivesItsGrace) {
  ASSERT_THAT(server_.Start({"127.0.0.1:0"}), IsOk());
  absl::Status status;
  std::thread caller([&] {
    status = Echo(server_, "wait");
    server_.Release();  // Stop waits for the handler, this one for Stop.
  });
  server_.AwaitWaiting();
  server_.server().Stop(absl::Milliseconds(10));
  caller.join();
  EXPECT_FALSE(status.ok());
}

TEST_F(ServerTest, RefusesMessagesThatAreTooLarge) {
  ASSERT_THAT(server_.Start({"127.0.0.1:0"}, 100'000), IsOk());
  EXPECT_THAT(Echo(server_, std::string(99'000, 'a')), IsOk());
  EXPECT_THAT(
      Echo(server_, std::string(101'000, 'a')),
      StatusIs(absl::StatusCode::kResourceExhausted, "larger than max"));
}

TEST_F(ServerTest, KeepsInternalErrorsToItsLog) {
  ASSERT_THAT(server_.Start({"127.0.0.1:0"}), IsOk());
  const absl::Status status = Echo(server_, "fail");
  EXPECT_EQ(status, absl::InternalError("internal error"));
  server_.server().Stop(absl::Seconds(10));
  EXPECT_THAT(server_.log(), HasSubstr("key 7 of token HSM-1"));
  EXPECT_THAT(server_.log(), HasSubstr(R"("method":"Echo")"));
  EXPECT_THAT(server_.log(), HasSubstr(testing::kClientUri));
}

TEST_F(ServerTest, CountsCallsByMethodAndCode) {
  ASSERT_THAT(server_.Start({"127.0.0.1:0"}), IsOk());
  EXPECT_THAT(Echo(server_, "a"), IsOk());
  EXPECT_THAT(Echo(server_, "b"), IsOk());
  EXPECT_FALSE(Echo(server_, "fail").ok());
  const std::string text = server_.metrics().Text();
  EXPECT_THAT(text, HasSubstr("chancery_rpc_calls_total{code=\"OK\",method=\""
                              "/chancery.rpc.testing.EchoService/Echo\"} 2"));
  EXPECT_THAT(text, HasSubstr("{code=\"INTERNAL\",method=\""
                              "/chancery.rpc.testing.EchoService/Echo\"} 1"));
  EXPECT_THAT(text, HasSubstr("chancery_rpc_seconds_count{method=\""
                              "/chancery.rpc.testing.EchoService/Echo\"} 3"));
}

TEST_F(ServerTest, StreamsResponses) {
  ASSERT_THAT(server_.Start({"127.0.0.1:0"}), IsOk());
  grpc::ClientContext context;
  SetTimeout(context, absl::Seconds(20));
  EchoRequest request;
  request.set_text("a");
  request.set_count(1000);
  const auto stub = testing::EchoService::NewStub(Channel(server_));
  const auto reader = stub->Repeat(&context, request);
  EchoResponse response;
  int count = 0;
  while (reader->Read(&response)) {
    ++count;
    EXPECT_EQ(response.text(), "a");
  }
  EXPECT_THAT(FromGrpc(reader->Finish()), IsOk());
  EXPECT_EQ(count, 1000);
}

TEST_F(ServerTest, EndsAStreamWhoseReaderIsGone) {
  ASSERT_THAT(server_.Start({"127.0.0.1:0"}), IsOk());
  grpc::ClientContext context;
  SetTimeout(context, absl::Seconds(20));
  EchoRequest request;
  request.set_text(std::string(10'000, 'a'));
  request.set_count(1'000'000'000);  // Would never end by itself.
  const auto stub = testing::EchoService::NewStub(Channel(server_));
  const auto reader = stub->Repeat(&context, request);
  EchoResponse response;
  EXPECT_TRUE(reader->Read(&response));
  context.TryCancel();
  EXPECT_THAT(FromGrpc(reader->Finish()),
              StatusIs(absl::StatusCode::kCancelled, ""));
  server_.server().Stop(absl::Seconds(30));
}

TEST_F(ServerTest, StreamsRequests) {
  ASSERT_THAT(server_.Start({"127.0.0.1:0"}), IsOk());
  const auto stub = testing::EchoService::NewStub(Channel(server_));
  for (const char* last : {"c", "fail"}) {
    grpc::ClientContext context;
    SetTimeout(context, absl::Seconds(20));
    EchoResponse response;
    const auto writer = stub->Join(&context, &response);
    for (const char* text : {"a", "b", last}) {
      EchoRequest request;
      request.set_text(text);
      writer->Write(request);
    }
    writer->WritesDone();
    const absl::Status status = FromGrpc(writer->Finish());
    if (std::string(last) == "c") {
      EXPECT_THAT(status, IsOk());
      EXPECT_EQ(response.text(), "abc");
    } else {
      EXPECT_EQ(status, absl::InvalidArgumentError("the text `fail`"));
    }
  }
}

// grpc.health.v1's messages, as bytes: Debian has no .proto of it.
absl::StatusOr<std::string> Health(
    const std::shared_ptr<grpc::Channel>& channel,
    const std::string& service = "") {
  grpc::ClientContext context;
  SetTimeout(context, absl::Seconds(20));
  const grpc::internal::RpcMethod method("/grpc.health.v1.Health/Check",
                                         nullptr,
                                         grpc::internal::RpcMethod::NORMAL_RPC);
  // HealthCheckRequest { service = 1: string }
  const grpc::Slice asked(service.empty()
                              ? ""
                              : "\x0a" + std::string(1, char(service.size())) +
                                    service);
  const grpc::ByteBuffer request(&asked, 1);
  grpc::ByteBuffer response;
  const grpc::Status status =
      grpc::internal::BlockingUnaryCall<grpc::ByteBuffer, grpc::ByteBuffer>(
          channel.get(), method, &context, request, &response);
  if (!status.ok()) return FromGrpc(status);
  grpc::Slice bytes;
  if (!response.DumpToSingleSlice(&bytes).ok()) return "";
  return std::string(reinterpret_cast<const char*>(bytes.begin()),
                     bytes.size());
}

TEST_F(ServerTest, TellsItsHealth) {
  ASSERT_THAT(server_.Start({"127.0.0.1:0"}), IsOk());
  const auto channel = Channel(server_);
  // HealthCheckResponse { status = 1: SERVING = 1, NOT_SERVING = 2 }
  const std::string serving("\x08\x01"), not_serving("\x08\x02");
  const std::string service = "chancery.rpc.testing.EchoService";
  EXPECT_EQ(*Health(channel), serving);
  EXPECT_EQ(*Health(channel, service), serving);
  EXPECT_THAT(Health(channel, "chancery.Other"),
              StatusIs(absl::StatusCode::kNotFound, ""));
  server_.server().SetServing(service, false);
  EXPECT_EQ(*Health(channel), serving);
  EXPECT_EQ(*Health(channel, service), not_serving);
  server_.server().SetServing(false);
  EXPECT_EQ(*Health(channel), not_serving);
}

TEST_F(ServerTest, ListsItsServices) {
  ASSERT_THAT(server_.Start({"127.0.0.1:0"}), IsOk());
  const auto channel = Channel(server_);
  grpc::ClientContext context;
  SetTimeout(context, absl::Seconds(20));
  const grpc::internal::RpcMethod method(
      "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", nullptr,
      grpc::internal::RpcMethod::BIDI_STREAMING);
  const std::unique_ptr<
      grpc::ClientReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>>
      stream(grpc::internal::ClientReaderWriterFactory<
             grpc::ByteBuffer, grpc::ByteBuffer>::Create(channel.get(), method,
                                                         &context));
  // ServerReflectionRequest { list_services = 7: "" }
  const grpc::Slice ask("\x3a\x00", 2);
  stream->Write(grpc::ByteBuffer(&ask, 1));
  stream->WritesDone();
  grpc::ByteBuffer response;
  ASSERT_TRUE(stream->Read(&response));
  grpc::Slice bytes;
  ASSERT_TRUE(response.DumpToSingleSlice(&bytes).ok());
  EXPECT_THAT(
      std::string(reinterpret_cast<const char*>(bytes.begin()), bytes.size()),
      HasSubstr("chancery.rpc.testing.EchoService"));
  EXPECT_THAT(FromGrpc(stream->Finish()), IsOk());
}

}  // namespace
}  // namespace chancery::rpc
