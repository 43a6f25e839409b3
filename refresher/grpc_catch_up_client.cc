#include "refresher/grpc_catch_up_client.h"

#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "chancery/signer/v1/catch_up.grpc.pb.h"
#include "grpcpp/channel.h"
#include "rpc/status.h"

namespace chancery::refresher {
namespace {

namespace v1 = chancery::signer::v1;

SignerStanding FromProto(const v1::StandingResponse& from) {
  return {.state = v1::StandingResponse::State_Name(from.state()),
          .why = from.why(),
          .ledger_size = from.ledger_size(),
          .epoch = from.epoch(),
          .wanted_size = from.wanted_size(),
          .head = from.head()};
}

class GrpcCatchUpClient final : public CatchUpClient {
 public:
  GrpcCatchUpClient(const std::shared_ptr<grpc::Channel>& channel,
                    absl::Duration deadline)
      : stub_(v1::CatchUpService::NewStub(channel)), deadline_(deadline) {}

  absl::StatusOr<SignerStanding> Show(const std::string& head,
                                      const std::string& ledger_root) override {
    v1::ShowRequest request;
    request.set_head(head);
    request.set_ledger_root(ledger_root);
    return Call(&v1::CatchUpService::Stub::Show, request);
  }

  absl::StatusOr<SignerStanding> AddEntries(
      uint64_t from, const std::vector<std::string>& entries,
      const std::string& ledger_root) override {
    v1::AddEntriesRequest request;
    request.set_from(from);
    for (const std::string& entry : entries) request.add_entries(entry);
    request.set_ledger_root(ledger_root);
    return Call(&v1::CatchUpService::Stub::AddEntries, request);
  }

  absl::StatusOr<SignerStanding> Promote() override {
    return Call(&v1::CatchUpService::Stub::Promote, v1::PromoteRequest());
  }

 private:
  template <typename Request>
  absl::StatusOr<SignerStanding> Call(
      grpc::Status (v1::CatchUpService::Stub::*method)(grpc::ClientContext*,
                                                       const Request&,
                                                       v1::StandingResponse*),
      const Request& request) {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + deadline_));
    v1::StandingResponse response;
    RETURN_IF_ERROR(
        rpc::FromGrpc((stub_.get()->*method)(&context, request, &response)));
    return FromProto(response);
  }

  const std::unique_ptr<v1::CatchUpService::Stub> stub_;
  const absl::Duration deadline_;
};

}  // namespace

std::unique_ptr<CatchUpClient> MakeGrpcCatchUpClient(
    const std::shared_ptr<grpc::Channel>& channel, absl::Duration deadline) {
  return std::make_unique<GrpcCatchUpClient>(channel, deadline);
}

}  // namespace chancery::refresher
