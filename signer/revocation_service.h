#ifndef CHANCERY_SIGNER_REVOCATION_SERVICE_H_
#define CHANCERY_SIGNER_REVOCATION_SERVICE_H_

#include "chancery/signer/v1/revocation.grpc.pb.h"
#include "rpc/dispatcher.h"
#include "signer/revocation.h"

namespace chancery::signer {

// gRPC in, Revocation out. No decisions are made here.
class RevocationService final : public v1::RevocationService::CallbackService {
 public:
  // Both must outlive this object.
  RevocationService(Revocation& revocation, const rpc::Dispatcher& dispatcher)
      : revocation_(revocation), dispatcher_(dispatcher) {}

  grpc::ServerUnaryReactor* Revoke(grpc::CallbackServerContext* context,
                                   const v1::RevokeRequest* request,
                                   v1::RevokeResponse* response) override;
  grpc::ServerUnaryReactor* Release(grpc::CallbackServerContext* context,
                                    const v1::ReleaseRequest* request,
                                    v1::RevokeResponse* response) override;

 private:
  Revocation& revocation_;
  const rpc::Dispatcher& dispatcher_;
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_REVOCATION_SERVICE_H_
