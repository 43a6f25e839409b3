#ifndef CHANCERY_AUTHORITY_ISSUER_SERVICE_H_
#define CHANCERY_AUTHORITY_ISSUER_SERVICE_H_

#include "authority/issuer_directory.h"
#include "chancery/authority/v1/issuers.grpc.pb.h"
#include "rpc/dispatcher.h"

namespace chancery::authority {

// gRPC in, IssuerDirectory out.
class IssuerService final : public v1::IssuerService::CallbackService {
 public:
  // Both must outlive this object.
  IssuerService(const IssuerDirectory& issuers,
                const rpc::Dispatcher& dispatcher)
      : issuers_(issuers), dispatcher_(dispatcher) {}

  grpc::ServerUnaryReactor* GetIssuer(grpc::CallbackServerContext* context,
                                      const v1::GetIssuerRequest* request,
                                      v1::Issuer* response) override;
  grpc::ServerUnaryReactor* ListIssuers(
      grpc::CallbackServerContext* context,
      const v1::ListIssuersRequest* request,
      v1::ListIssuersResponse* response) override;

 private:
  const IssuerDirectory& issuers_;
  const rpc::Dispatcher& dispatcher_;
};

}  // namespace chancery::authority

#endif  // CHANCERY_AUTHORITY_ISSUER_SERVICE_H_
