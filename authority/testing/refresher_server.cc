#include "authority/testing/refresher_server.h"

#include <atomic>

#include "base/mutex.h"
#include "chancery/refresher/v1/publish.grpc.pb.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"

namespace chancery::authority::testing {
namespace {

namespace v1 = chancery::refresher::v1;

// Ends the call when it is cancelled.
class HangingReactor final : public grpc::ServerUnaryReactor {
 private:
  void OnCancel() override { Finish(grpc::Status::CANCELLED); }
  void OnDone() override { delete this; }
};

}  // namespace

struct RefresherServer::State final
    : public v1::PublishService::CallbackService {
  grpc::ServerUnaryReactor* Publish(grpc::CallbackServerContext* context,
                                    const v1::PublishRequest* request,
                                    v1::PublishResponse* response) override {
    {
      base::MutexLock lock(mu);
      requests.push_back(*request);
    }
    if (hangs) return new HangingReactor;
    response->set_acknowledged(2);
    response->set_total(3);
    auto* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

  std::atomic<bool> hangs = false;
  mutable base::Mutex mu;
  std::vector<v1::PublishRequest> requests ABSL_GUARDED_BY(mu);
  std::unique_ptr<grpc::Server> server;
};

RefresherServer::RefresherServer(const std::string& address,
                                 const rpc::Credentials& credentials)
    : state_(std::make_unique<State>()) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, credentials.ForServer());
  builder.RegisterService(state_.get());
  state_->server = builder.BuildAndStart();
  EXPECT_NE(state_->server, nullptr) << address;
}

// Handlers end before what they use.
RefresherServer::~RefresherServer() {
  if (state_->server != nullptr) state_->server->Shutdown();
  state_->server = nullptr;
}

std::vector<v1::PublishRequest> RefresherServer::requests() const {
  base::MutexLock lock(state_->mu);
  return state_->requests;
}

void RefresherServer::Hang() { state_->hangs = true; }

}  // namespace chancery::authority::testing
