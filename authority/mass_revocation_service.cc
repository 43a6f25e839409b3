#include "authority/mass_revocation_service.h"

#include "rpc/stream.h"

namespace chancery::authority {
namespace {

void Fill(const MassProgress& progress, Acknowledged acknowledged,
          v1::RevokeManyResponse& response) {
  response.set_total(progress.total);
  response.set_done(progress.done);
  response.set_revoked(progress.revoked);
  response.set_already_revoked(progress.already_revoked);
  for (const RefusedSerial& refused : progress.refused) {
    auto& out = *response.add_refused();
    out.set_serial(refused.serial);
    out.set_unknown(refused.unknown);
    out.set_why(refused.why);
  }
  response.set_responders_acknowledged(acknowledged.responders);
  response.set_responders_total(acknowledged.total);
}

}  // namespace

grpc::ServerWriteReactor<v1::RevokeManyResponse>*
MassRevocationService::RevokeMany(grpc::CallbackServerContext* context,
                                  const v1::RevokeManyRequest* request) {
  return rpc::ServerStream<v1::RevokeManyResponse>(
      dispatcher_, context, rpc::Role::kRevoke,
      [=, this](const rpc::Identity& caller,
                rpc::Writer<v1::RevokeManyResponse>& out) {
        return revoker_.RevokeMany(
            {.request_id = request->request_id(),
             .requester = caller.uri,
             .issuer = request->issuer(),
             .serials = {request->serials().begin(), request->serials().end()},
             .reason = request->reason(),
             .revoked_at = absl::FromUnixSeconds(request->revoked_at_seconds()),
             .order = request->order()},
            [&](const MassProgress& progress, Acknowledged acknowledged) {
              v1::RevokeManyResponse response;
              Fill(progress, acknowledged, response);
              return out.Write(response);
            });
      });
}

}  // namespace chancery::authority
