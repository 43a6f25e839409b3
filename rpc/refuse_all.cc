#include "rpc/refuse_all.h"

#include <grpcpp/generic/async_generic_service.h>

#include <utility>

#include "rpc/status.h"

namespace chancery::rpc {
namespace {

class Refusal final : public grpc::ServerGenericBidiReactor {
 public:
  explicit Refusal(const absl::Status& why) { Finish(ToGrpc(why)); }
  void OnDone() override { delete this; }
};

class RefuseAll final : public grpc::CallbackGenericService {
 public:
  explicit RefuseAll(std::function<absl::Status()> why)
      : why_(std::move(why)) {}

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext*) override {
    return new Refusal(why_());
  }

 private:
  const std::function<absl::Status()> why_;
};

}  // namespace

std::unique_ptr<grpc::CallbackGenericService> MakeRefuseAll(
    std::function<absl::Status()> why) {
  return std::make_unique<RefuseAll>(std::move(why));
}

}  // namespace chancery::rpc
