#ifndef CHANCERY_AUTHORITY_MASS_REVOCATION_SERVICE_H_
#define CHANCERY_AUTHORITY_MASS_REVOCATION_SERVICE_H_

#include "authority/certificate_authority.h"
#include "authority/mass_revoker.h"
#include "chancery/authority/v1/mass_revocation.grpc.pb.h"
#include "rpc/dispatcher.h"

namespace chancery::authority {

// gRPC in, MassRevoker out. Who asks is the identity of the caller's
// certificate, never a field.
class MassRevocationService final
    : public v1::MassRevocationService::CallbackService {
 public:
  // All must outlive this object.
  MassRevocationService(MassRevoker& revoker, CertificateAuthority& authority,
                        const rpc::Dispatcher& dispatcher)
      : revoker_(revoker), authority_(authority), dispatcher_(dispatcher) {}

  grpc::ServerWriteReactor<v1::RevokeManyResponse>* RevokeMany(
      grpc::CallbackServerContext* context,
      const v1::RevokeManyRequest* request) override;

 private:
  MassRevoker& revoker_;
  CertificateAuthority& authority_;  // Knows who asked for a certificate.
  const rpc::Dispatcher& dispatcher_;
};

}  // namespace chancery::authority

#endif  // CHANCERY_AUTHORITY_MASS_REVOCATION_SERVICE_H_
