#include "authority/grpc_publisher.h"

#include <algorithm>
#include <utility>

#include "base/status_macros.h"
#include "chancery/refresher/v1/publish.grpc.pb.h"
#include "grpcpp/channel.h"
#include "rpc/client.h"
#include "rpc/convert/block_update.h"
#include "rpc/status.h"

namespace chancery::authority {
namespace {

namespace v1 = chancery::refresher::v1;

// Of the wait, for the way there and back.
constexpr absl::Duration kTransit = absl::Milliseconds(50);

class GrpcPublisher final : public Publisher {
 public:
  explicit GrpcPublisher(std::shared_ptr<grpc::Channel> channel)
      : stub_(v1::PublishService::NewStub(std::move(channel))) {}

  absl::StatusOr<Acknowledged> Publish(
      const std::vector<block::Update>& updates, absl::Duration wait) override {
    v1::PublishRequest request;
    rpc::ToProto(updates, request.mutable_updates());
    request.set_wait_ms(static_cast<uint32_t>(absl::ToInt64Milliseconds(
        std::max(wait - kTransit, absl::ZeroDuration()))));
    v1::PublishResponse response;
    grpc::ClientContext context;
    rpc::SetTimeout(context, wait);
    RETURN_IF_ERROR(
        rpc::FromGrpc(stub_->Publish(&context, request, &response)));
    return Acknowledged{.responders = response.acknowledged(),
                        .total = response.total()};
  }

 private:
  const std::unique_ptr<v1::PublishService::Stub> stub_;
};

}  // namespace

std::unique_ptr<Publisher> MakeGrpcPublisher(
    std::shared_ptr<grpc::Channel> channel) {
  return std::make_unique<GrpcPublisher>(std::move(channel));
}

}  // namespace chancery::authority
