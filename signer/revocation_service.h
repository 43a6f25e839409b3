#ifndef CHANCERY_SIGNER_REVOCATION_SERVICE_H_
#define CHANCERY_SIGNER_REVOCATION_SERVICE_H_

#include <functional>
#include <utility>

#include "chancery/signer/v1/revocation.grpc.pb.h"
#include "rpc/demand.h"
#include "rpc/dispatcher.h"
#include "signer/mass_revocation.h"
#include "signer/own_certificates.h"
#include "signer/revocation.h"

namespace chancery::signer {

// gRPC in, Revocation and MassRevocation out. No decisions are made here.
class RevocationService final : public v1::RevocationService::CallbackService {
 public:
  // All must outlive this object. `changed` is called after each change.
  RevocationService(Revocation& revocation, MassRevocation& mass,
                    const OwnCertificates& own,
                    const rpc::Dispatcher& dispatcher,
                    std::function<void()> changed)
      : revocation_(revocation),
        mass_(mass),
        own_(own),
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
  // What a revocation of one certificate is about.
  template <typename Request>
  rpc::Demand ToRevoke(const Request& request) const;

  Revocation& revocation_;
  MassRevocation& mass_;
  const OwnCertificates& own_;
  const rpc::Dispatcher& dispatcher_;
  const std::function<void()> changed_;
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_REVOCATION_SERVICE_H_
