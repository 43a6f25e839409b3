#include "signer/import_service.h"

#include "base/status_macros.h"
#include "rpc/unary.h"

namespace chancery::signer {

grpc::ServerUnaryReactor* ImportService::Import(
    grpc::CallbackServerContext* context, const v1::ImportRequest* request,
    v1::ImportResponse* response) {
  return rpc::Unary(
      dispatcher_, context,
      {rpc::Role::kImport,
       {.issuer = request->issuer(),
        .count = static_cast<uint64_t>(request->items_size()),
        .request_id = request->request_id()}},
      [=, this](const rpc::Identity& caller) -> absl::Status {
        ImportRequest import{.asker = {.caller_uri = caller.uri,
                                       .requester = caller.uri,
                                       .request_id = request->request_id()},
                             .issuer = request->issuer(),
                             .items = {}};
        for (const auto& item : request->items()) {
          import.items.push_back(
              {.certificate = item.certificate(),
               .revoked = item.revoked(),
               .reason = item.reason(),
               .revoked_at = absl::FromUnixSeconds(item.revoked_at_seconds())});
        }
        ASSIGN_OR_RETURN(const Imported imported, importer_.Import(import));
        response->set_added(imported.added);
        response->set_already_known(imported.already_known);
        response->set_raised_to_revoked(imported.raised_to_revoked);
        for (const std::string& id : imported.block_ids)
          response->add_block_ids(id);
        return absl::OkStatus();
      });
}

}  // namespace chancery::signer
