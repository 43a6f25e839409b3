#ifndef CHANCERY_SIGNER_ISSUANCE_SERVICE_H_
#define CHANCERY_SIGNER_ISSUANCE_SERVICE_H_

#include "chancery/signer/v1/issuance.grpc.pb.h"
#include "rpc/dispatcher.h"
#include "signer/issuance.h"

namespace chancery::signer {

// gRPC in, Issuance out. No decisions are made here.
class IssuanceService final : public v1::IssuanceService::CallbackService {
 public:
  // Both must outlive this object.
  IssuanceService(Issuance& issuance, const rpc::Dispatcher& dispatcher)
      : issuance_(issuance), dispatcher_(dispatcher) {}

  grpc::ServerUnaryReactor* Issue(grpc::CallbackServerContext* context,
                                  const v1::IssueRequest* request,
                                  v1::IssueResponse* response) override;
  grpc::ServerUnaryReactor* IssueBatch(
      grpc::CallbackServerContext* context,
      const v1::IssueBatchRequest* request,
      v1::IssueBatchResponse* response) override;

 private:
  // Those that the caller may ask for are carried out.
  void IssueAllowed(const rpc::Identity& caller,
                    const v1::IssueBatchRequest& request,
                    v1::IssueBatchResponse& response);

  Issuance& issuance_;
  const rpc::Dispatcher& dispatcher_;
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_ISSUANCE_SERVICE_H_
