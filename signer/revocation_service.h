#ifndef CHANCERY_SIGNER_REVOCATION_SERVICE_H_
#define CHANCERY_SIGNER_REVOCATION_SERVICE_H_

#include <functional>
#include <utility>

#include "chancery/signer/v1/revocation.grpc.pb.h"
#include "rpc/dispatcher.h"
#include "signer/mass_revocation.h"
#include "signer/revocation.h"

namespace chancery::signer {

// gRPC in, Revocation and MassRevocation out. No decisions are made here.
class RevocationService final : public v1::RevocationService::CallbackService {
 public:
  // All must outlive this object. `changed` is called after each change.
  RevocationService(Revocation& revocation, MassRevocation& mass,
                    const rpc::Dispatcher& dispatcher,
                    std::function<void()> changed)
      : revocation_(revocation),
        mass_(mass),
        dispatcher_(dispatcher),
        changed_(std::move(changed)) {}

  grpc::ServerUnaryReactor* Revoke(grpc::CallbackServerContext* context,
                                   const v1::RevokeRequest* request,
                                   v1::RevokeResponse* response) override;
  grpc::ServerUnaryReactor* Release(grpc::CallbackServerContext* context,
                                    const v1::ReleaseRequest* request,
                                    v1::RevokeResponse* response) override;
  grpc::ServerWriteReactor<v1::RevokeManyResponse>* RevokeMany(
      grpc::CallbackServerContext* context,
      const v1::RevokeManyRequest* request) override;

 private:
  Revocation& revocation_;
  MassRevocation& mass_;
  const rpc::Dispatcher& dispatcher_;
  const std::function<void()> changed_;
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_REVOCATION_SERVICE_H_
