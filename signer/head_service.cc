#include "signer/head_service.h"

#include <algorithm>
#include <memory>

#include "absl/time/time.h"
#include "rpc/unary.h"

namespace chancery::signer {
namespace {

constexpr absl::Duration kMaxWait = absl::Seconds(10);

}  // namespace

grpc::ServerUnaryReactor* HeadService::GetHead(
    grpc::CallbackServerContext* context, const v1::GetHeadRequest* request,
    v1::GetHeadResponse* response) {
  return rpc::Unary(
      dispatcher_, context, rpc::Role::kRead,
      [=, this](const rpc::Identity&) -> absl::Status {
        const std::shared_ptr<const NewestHead> newest = heads_.Wait(
            absl::FromUnixMicros(request->after_micros()),
            std::min(absl::Milliseconds(request->wait_ms()), kMaxWait));
        if (newest == nullptr) return absl::OkStatus();
        response->mutable_head()->set_head(newest->bytes.head);
        response->mutable_head()->set_index(newest->bytes.index);
        return absl::OkStatus();
      });
}

}  // namespace chancery::signer
