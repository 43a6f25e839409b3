#include "signer/issuance_service.h"

#include <cstdint>
#include <optional>

#include "absl/time/time.h"
#include "base/status_macros.h"
#include "rpc/convert/block_update.h"
#include "rpc/unary.h"

namespace chancery::signer {
namespace {

std::optional<absl::Time> TimeOf(int64_t seconds) {
  if (seconds == 0) return std::nullopt;
  return absl::FromUnixSeconds(seconds);
}

}  // namespace

grpc::ServerUnaryReactor* IssuanceService::Issue(
    grpc::CallbackServerContext* context, const v1::IssueRequest* request,
    v1::IssueResponse* response) {
  return rpc::Unary(
      dispatcher_, context, rpc::Role::kIssue,
      [=, this](const rpc::Identity& caller) -> absl::Status {
        ASSIGN_OR_RETURN(
            const Issued issued,
            issuance_.Issue(
                {.asker = {.caller_uri = caller.uri,
                           .requester = request->requester(),
                           .request_id = request->request_id()},
                 .issuer = request->issuer(),
                 .profile = request->profile(),
                 .csr = request->csr(),
                 .not_before = TimeOf(request->not_before_seconds()),
                 .not_after = TimeOf(request->not_after_seconds())}));
        response->set_certificate(issued.certificate);
        for (const std::string& der : issued.chain) response->add_chain(der);
        response->set_issuer_id(issued.issuer_id);
        response->set_serial(issued.serial);
        rpc::ToProto(issued.updates, response->mutable_updates());
        response->set_ledger_index(issued.ledger_index);
        response->set_repeated_request(issued.repeated);
        return absl::OkStatus();
      });
}

}  // namespace chancery::signer
