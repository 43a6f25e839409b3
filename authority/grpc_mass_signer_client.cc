#include "authority/grpc_mass_signer_client.h"

#include <utility>

#include "authority/signer_errors.h"
#include "base/status_macros.h"
#include "chancery/signer/v1/revocation.grpc.pb.h"
#include "grpcpp/channel.h"
#include "rpc/client.h"
#include "rpc/convert/block_update.h"

namespace chancery::authority {
namespace {

namespace v1 = chancery::signer::v1;

MassProgress FromProto(const v1::RevokeManyResponse& response) {
  MassProgress out{.total = response.total(),
                   .done = response.done(),
                   .revoked = response.revoked(),
                   .already_revoked = response.already_revoked(),
                   .updates = rpc::FromProto(response.updates())};
  for (const auto& refused : response.refused()) {
    out.refused.push_back({.serial = refused.serial(),
                           .unknown = refused.unknown(),
                           .why = refused.why()});
  }
  return out;
}

class GrpcMassSignerClient final : public MassSignerClient {
 public:
  GrpcMassSignerClient(std::shared_ptr<grpc::Channel> channel,
                       absl::Duration deadline)
      : stub_(v1::RevocationService::NewStub(std::move(channel))),
        deadline_(deadline) {}

  absl::Status RevokeMany(
      const MassRevokeOrder& order,
      absl::FunctionRef<absl::Status(MassProgress)> report) override {
    v1::RevokeManyRequest request;
    request.set_request_id(order.request_id);
    request.set_requester(order.requester);
    request.set_issuer(order.issuer);
    for (const std::string& serial : order.serials) request.add_serials(serial);
    request.set_reason(order.reason);
    request.set_revoked_at_seconds(absl::ToUnixSeconds(order.revoked_at));
    request.set_order(order.order);

    grpc::ClientContext context;
    rpc::SetTimeout(context, deadline_);
    const auto stream = stub_->RevokeMany(&context, request);
    absl::Status reported;
    v1::RevokeManyResponse response;
    while (reported.ok() && stream->Read(&response)) {
      reported = report(FromProto(response));
    }
    // The signer stops at its next step.
    if (!reported.ok()) context.TryCancel();
    const grpc::Status ended = stream->Finish();
    RETURN_IF_ERROR(reported);
    return FromSigner(ended);
  }

 private:
  const std::unique_ptr<v1::RevocationService::Stub> stub_;
  const absl::Duration deadline_;
};

}  // namespace

std::unique_ptr<MassSignerClient> MakeGrpcMassSignerClient(
    std::shared_ptr<grpc::Channel> channel, absl::Duration deadline) {
  return std::make_unique<GrpcMassSignerClient>(std::move(channel), deadline);
}

}  // namespace chancery::authority
