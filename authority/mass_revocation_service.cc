#include "authority/mass_revocation_service.h"

#include <string>

#include "authority/request_facts.h"
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

// One that the inventory does not know is left to the signer, which does not
// know it either.
absl::Status CheckAllOwn(CertificateAuthority& authority,
                         const v1::RevokeManyRequest& request,
                         const rpc::Identity& caller) {
  if (size_t(request.serials_size()) > MassRevoker::kMaxSerials) {
    return absl::OkStatus();  // Refused as it is.
  }
  for (const std::string& serial : request.serials()) {
    const absl::Status own =
        CheckOwn(authority, request.issuer(), serial, caller);
    if (!own.ok() && !absl::IsNotFound(own)) return own;
  }
  return absl::OkStatus();
}

}  // namespace

grpc::ServerWriteReactor<v1::RevokeManyResponse>*
MassRevocationService::RevokeMany(grpc::CallbackServerContext* context,
                                  const v1::RevokeManyRequest* request) {
  return rpc::ServerStream<v1::RevokeManyResponse>(
      dispatcher_, context,
      {rpc::Role::kRevoke,
       {.issuer = request->issuer(),
        .count = static_cast<uint64_t>(request->serials_size()),
        .request_id = request->request_id(),
        .own =
            [=, this](const rpc::Identity& caller) {
              return CheckAllOwn(authority_, *request, caller);
            }}},
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
