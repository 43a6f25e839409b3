#include "signer/issuance_service.h"

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "base/status_macros.h"
#include "rpc/convert/block_update.h"
#include "rpc/status.h"
#include "rpc/unary.h"

namespace chancery::signer {
namespace {

// 0 in a message: as the profile says.
std::optional<absl::Time> TimeOf(int64_t seconds) {
  if (seconds == 0) return std::nullopt;
  return absl::FromUnixSeconds(seconds);
}

IssueRequest FromProto(const rpc::Identity& caller,
                       const v1::IssueRequest& request) {
  return {.asker = {.caller_uri = caller.uri,
                    .requester = request.requester(),
                    .request_id = request.request_id()},
          .issuer = request.issuer(),
          .profile = request.profile(),
          .csr = request.csr(),
          .not_before = TimeOf(request.not_before_seconds()),
          .not_after = TimeOf(request.not_after_seconds())};
}

// All but the updates.
void Fill(const Issued& issued, v1::IssueResponse& response) {
  response.set_certificate(issued.certificate);
  for (const std::string& der : issued.chain) response.add_chain(der);
  response.set_issuer_id(issued.issuer_id);
  response.set_serial(issued.serial);
  response.set_ledger_index(issued.ledger_index);
  response.set_repeated_request(issued.repeated);
  response.set_block_id(issued.block_id);
  response.set_place(issued.place);
  response.set_crl_shard(issued.crl_shard);
}

}  // namespace

grpc::ServerUnaryReactor* IssuanceService::Issue(
    grpc::CallbackServerContext* context, const v1::IssueRequest* request,
    v1::IssueResponse* response) {
  return rpc::Unary(dispatcher_, context, rpc::Role::kIssue,
                    [=, this](const rpc::Identity& caller) -> absl::Status {
                      ASSIGN_OR_RETURN(
                          const Issued issued,
                          issuance_.Issue(FromProto(caller, *request)));
                      Fill(issued, *response);
                      rpc::ToProto(issued.updates, response->mutable_updates());
                      return absl::OkStatus();
                    });
}

grpc::ServerUnaryReactor* IssuanceService::IssueBatch(
    grpc::CallbackServerContext* context, const v1::IssueBatchRequest* request,
    v1::IssueBatchResponse* response) {
  return rpc::Unary(
      dispatcher_, context, rpc::Role::kIssue,
      [=, this](const rpc::Identity& caller) -> absl::Status {
        std::vector<IssueRequest> requests;
        for (const v1::IssueRequest& one : request->requests()) {
          requests.push_back(FromProto(caller, one));
        }
        const IssuedBatch batch = issuance_.IssueBatch(requests);
        for (const absl::StatusOr<Issued>& result : batch.results) {
          v1::IssueBatchResponse::Result& out = *response->add_results();
          if (result.ok()) {
            Fill(*result, *out.mutable_issued());
            continue;
          }
          const grpc::Status error = rpc::ToGrpc(result.status());
          out.mutable_error()->set_code(error.error_code());
          out.mutable_error()->set_message(error.error_message());
        }
        rpc::ToProto(batch.updates, response->mutable_updates());
        return absl::OkStatus();
      });
}

}  // namespace chancery::signer
