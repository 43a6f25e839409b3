#include "rpc/testing/echo_server.h"

#include <ostream>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "base/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "rpc/roles.h"
#include "rpc/stream.h"
#include "rpc/testing/echo.grpc.pb.h"
#include "rpc/testing/shared_text.h"
#include "rpc/unary.h"

namespace chancery::rpc::testing {
namespace {

// Opens once.
class Gate {
 public:
  void Open() {
    base::MutexLock lock(mu_);
    open_ = true;
    changed_.NotifyAll();
  }
  void Await() {
    base::MutexLock lock(mu_);
    while (!open_) changed_.Wait(mu_);
  }

 private:
  base::Mutex mu_;
  base::CondVar changed_;
  bool open_ ABSL_GUARDED_BY(mu_) = false;
};

class Handlers final : public EchoService::CallbackService {
 public:
  Handlers(const Dispatcher& dispatcher, Gate& entered, Gate& released)
      : dispatcher_(dispatcher), entered_(entered), released_(released) {}

  grpc::ServerUnaryReactor* Echo(grpc::CallbackServerContext* context,
                                 const EchoRequest* request,
                                 EchoResponse* response) override {
    return Unary(dispatcher_, context, Role::kRead,
                 [=, this](const Identity& caller) -> absl::Status {
                   if (request->text() == "fail") {
                     return absl::InternalError("key 7 of token HSM-1");
                   }
                   if (request->text() == "wait") {
                     entered_.Open();
                     released_.Await();
                   }
                   response->set_text(request->text());
                   response->set_caller(caller.uri);
                   return absl::OkStatus();
                 });
  }

  grpc::ServerWriteReactor<EchoResponse>* Repeat(
      grpc::CallbackServerContext* context,
      const EchoRequest* request) override {
    return ServerStream<EchoResponse>(
        dispatcher_, context, Role::kCrl,
        [=](const Identity& caller, Writer<EchoResponse>& out) -> absl::Status {
          EchoResponse response;
          response.set_text(request->text());
          response.set_caller(caller.uri);
          for (uint32_t i = 0; i < request->count(); ++i) {
            RETURN_IF_ERROR(out.Write(response));
          }
          return absl::OkStatus();
        });
  }

  grpc::ServerReadReactor<EchoRequest>* Join(
      grpc::CallbackServerContext* context, EchoResponse* response) override {
    return ClientStream<EchoRequest>(
        dispatcher_, context, Role::kPush,
        [=](const Identity& caller, Reader<EchoRequest>& in) -> absl::Status {
          response->set_caller(caller.uri);
          EchoRequest request;
          while (true) {
            ASSIGN_OR_RETURN(const bool more, in.Read(request));
            if (!more) return absl::OkStatus();
            if (request.text() == "fail") {
              return absl::InvalidArgumentError("the text `fail`");
            }
            *response->mutable_text() += request.text();
          }
        });
  }

 private:
  const Dispatcher& dispatcher_;
  Gate& entered_;
  Gate& released_;
};

RoleTable TestRoles() {
  google::protobuf::RepeatedPtrField<config::Grant> grants;
  config::Grant& grant = *grants.Add();
  grant.set_uri(kClientUri);
  grant.add_role(config::ROLE_READ);
  grant.add_role(config::ROLE_CRL);
  grant.add_role(config::ROLE_PUSH);
  auto roles = RoleTable::Create(grants);
  EXPECT_THAT(roles, base::testing::IsOk());
  return *std::move(roles);
}

}  // namespace

struct EchoServer::State {
  explicit State(const Credentials& own) : credentials(own) {}

  const Credentials credentials;
  SharedText text;
  std::ostream lines{&text};
  Log log{{.json = true}, base::SystemClock(), lines};
  Metrics metrics;
  RoleTable roles = TestRoles();
  WorkerPool pool{4};
  Dispatcher dispatcher{pool, roles, log};
  Gate entered;
  Gate released;
  Handlers service{dispatcher, entered, released};
  std::unique_ptr<Server> server;
};

EchoServer::EchoServer(const Credentials& credentials)
    : state_(std::make_unique<State>(credentials)) {}
EchoServer::~EchoServer() { Release(); }

absl::Status EchoServer::Start(const std::vector<std::string>& addresses,
                               size_t max_message_bytes) {
  ServerOptions options;
  options.addresses = addresses;
  options.services = {&state_->service};
  options.max_message_bytes = max_message_bytes;
  ASSIGN_OR_RETURN(state_->server, Server::Start(options, state_->credentials,
                                                 state_->metrics, state_->log));
  state_->server->SetServing(true);
  return absl::OkStatus();
}

Server& EchoServer::server() { return *state_->server; }
Metrics& EchoServer::metrics() { return state_->metrics; }

config::Target EchoServer::target() const {
  config::Target target;
  target.set_address(state_->server->addresses()[0]);
  target.set_expected_uri(kServerUri);
  return target;
}

void EchoServer::AwaitWaiting() { state_->entered.Await(); }
void EchoServer::Release() { state_->released.Open(); }
std::string EchoServer::log() const { return state_->text.Get(); }

}  // namespace chancery::rpc::testing
