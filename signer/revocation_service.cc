#include "signer/revocation_service.h"

#include <optional>
#include <string>

#include "base/status_macros.h"
#include "rpc/convert/block_update.h"
#include "rpc/stream.h"
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

std::optional<absl::Time> Date(int64_t seconds) {
  if (seconds == 0) return std::nullopt;
  return absl::FromUnixSeconds(seconds);
}

void Fill(const RevokedMany& told, v1::RevokeManyResponse& response) {
  response.set_total(told.total);
  response.set_done(told.done);
  response.set_revoked(told.revoked);
  response.set_already_revoked(told.already_revoked);
  for (const RefusedSerial& refused : told.refused) {
    auto& out = *response.add_refused();
    out.set_serial(refused.serial);
    out.set_unknown(absl::IsNotFound(refused.why));
    out.set_why(std::string(refused.why.message()));
  }
  rpc::ToProto(told.updates, response.mutable_updates());
}

}  // namespace

template <typename Request>
rpc::Demand RevocationService::ToRevoke(const Request& request) const {
  return {rpc::Role::kRevoke,
          {.issuer = request.issuer(),
           .serial = request.serial(),
           .request_id = request.request_id(),
           .requester = request.requester(),
           .own = [this, issuer = request.issuer(),
                   serial = request.serial()](const rpc::Identity& caller) {
             return own_.Check(caller, issuer, {serial});
           }}};
}

grpc::ServerUnaryReactor* RevocationService::Revoke(
    grpc::CallbackServerContext* context, const v1::RevokeRequest* request,
    v1::RevokeResponse* response) {
  return rpc::Unary(
      dispatcher_, context, ToRevoke(*request),
      [=, this](const rpc::Identity& caller) -> absl::Status {
        RevokeRequest revoke{.asker = {.caller_uri = caller.uri,
                                       .requester = request->requester(),
                                       .request_id = request->request_id()},
                             .issuer = request->issuer(),
                             .serial = request->serial(),
                             .reason = request->reason(),
                             .revoked_at = Date(request->revoked_at_seconds())};
        ASSIGN_OR_RETURN(const Revoked revoked, revocation_.Revoke(revoke));
        changed_();
        Fill(revoked, response);
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* RevocationService::Release(
    grpc::CallbackServerContext* context, const v1::ReleaseRequest* request,
    v1::RevokeResponse* response) {
  return rpc::Unary(
      dispatcher_, context, ToRevoke(*request),
      [=, this](const rpc::Identity& caller) -> absl::Status {
        ASSIGN_OR_RETURN(
            const Revoked revoked,
            revocation_.Release({.asker = {.caller_uri = caller.uri,
                                           .requester = request->requester(),
                                           .request_id = request->request_id()},
                                 .issuer = request->issuer(),
                                 .serial = request->serial()}));
        changed_();
        Fill(revoked, response);
        return absl::OkStatus();
      });
}

grpc::ServerWriteReactor<v1::RevokeManyResponse>* RevocationService::RevokeMany(
    grpc::CallbackServerContext* context,
    const v1::RevokeManyRequest* request) {
  return rpc::ServerStream<v1::RevokeManyResponse>(
      dispatcher_, context,
      {rpc::Role::kRevoke,
       {.issuer = request->issuer(),
        .count = static_cast<uint64_t>(request->serials_size()),
        .request_id = request->request_id(),
        .requester = request->requester(),
        .own =
            [=, this](const rpc::Identity& caller) {
              return own_.Check(
                  caller, request->issuer(),
                  {request->serials().begin(), request->serials().end()});
            }}},
      [=, this](const rpc::Identity& caller,
                rpc::Writer<v1::RevokeManyResponse>& out) {
        return mass_.RevokeMany(
            {.asker = {.caller_uri = caller.uri,
                       .requester = request->requester(),
                       .request_id = request->request_id()},
             .issuer = request->issuer(),
             .serials = {request->serials().begin(), request->serials().end()},
             .reason = request->reason(),
             .revoked_at = Date(request->revoked_at_seconds()),
             .order = request->order()},
            [&](const RevokedMany& told) {
              changed_();
              v1::RevokeManyResponse response;
              Fill(told, response);
              return out.Write(response);
            });
      });
}

}  // namespace chancery::signer
