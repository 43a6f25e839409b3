#include "signer/revocation_service.h"

#include "base/status_macros.h"
#include "rpc/convert/block_update.h"
#include "rpc/unary.h"

namespace chancery::signer {
namespace {

void Fill(const Revoked& revoked, v1::RevokeResponse* response) {
  response->set_issuer_id(revoked.issuer_id);
  response->set_serial(revoked.serial);
  response->set_revoked(revoked.revoked);
  response->set_reason(revoked.reason);
  if (revoked.revoked) {
    response->set_revoked_at_seconds(absl::ToUnixSeconds(revoked.revoked_at));
  }
  rpc::ToProto(revoked.updates, response->mutable_updates());
  response->set_ledger_index(revoked.ledger_index);
}

}  // namespace

grpc::ServerUnaryReactor* RevocationService::Revoke(
    grpc::CallbackServerContext* context, const v1::RevokeRequest* request,
    v1::RevokeResponse* response) {
  return rpc::Unary(
      dispatcher_, context, rpc::Role::kRevoke,
      [=, this](const rpc::Identity& caller) -> absl::Status {
        RevokeRequest revoke{.asker = {.caller_uri = caller.uri,
                                       .requester = request->requester(),
                                       .request_id = request->request_id()},
                             .issuer = request->issuer(),
                             .serial = request->serial(),
                             .reason = request->reason(),
                             .revoked_at = std::nullopt};
        if (request->revoked_at_seconds() != 0) {
          revoke.revoked_at =
              absl::FromUnixSeconds(request->revoked_at_seconds());
        }
        ASSIGN_OR_RETURN(const Revoked revoked, revocation_.Revoke(revoke));
        Fill(revoked, response);
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* RevocationService::Release(
    grpc::CallbackServerContext* context, const v1::ReleaseRequest* request,
    v1::RevokeResponse* response) {
  return rpc::Unary(
      dispatcher_, context, rpc::Role::kRevoke,
      [=, this](const rpc::Identity& caller) -> absl::Status {
        ASSIGN_OR_RETURN(
            const Revoked revoked,
            revocation_.Release({.asker = {.caller_uri = caller.uri,
                                           .requester = request->requester(),
                                           .request_id = request->request_id()},
                                 .issuer = request->issuer(),
                                 .serial = request->serial()}));
        Fill(revoked, response);
        return absl::OkStatus();
      });
}

}  // namespace chancery::signer
