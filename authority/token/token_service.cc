#include "authority/token/token_service.h"

#include "absl/status/status.h"
#include "authority/certificate_message.h"
#include "base/status_macros.h"
#include "rpc/unary.h"

namespace chancery::authority {

grpc::ServerUnaryReactor* TokenService::AuthenticatedIssue(
    grpc::CallbackServerContext* context,
    const v1::AuthenticatedIssueRequest* request, v1::IssueResponse* response) {
  return rpc::Unary(dispatcher_, context, rpc::Role::kRelay,
                    [=, this](const rpc::Identity& relay) -> absl::Status {
                      ASSIGN_OR_RETURN(const Issued issued,
                                       issuer_.Issue(request->body(), relay));
                      FillIssued(issued, issuers_, response);
                      return absl::OkStatus();
                    });
}

}  // namespace chancery::authority
