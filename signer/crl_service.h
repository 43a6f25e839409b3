#ifndef CHANCERY_SIGNER_CRL_SERVICE_H_
#define CHANCERY_SIGNER_CRL_SERVICE_H_

#include "chancery/signer/v1/crl.grpc.pb.h"
#include "rpc/dispatcher.h"
#include "signer/crl_signer.h"

namespace chancery::signer {

// gRPC in, CrlSigner out. No decisions are made here.
class CrlService final : public v1::CrlService::CallbackService {
 public:
  // Both must outlive this object.
  CrlService(CrlSigner& signer, const rpc::Dispatcher& dispatcher)
      : signer_(signer), dispatcher_(dispatcher) {}

  grpc::ServerWriteReactor<v1::SignCrlResponse>* SignCrl(
      grpc::CallbackServerContext* context,
      const v1::SignCrlRequest* request) override;

 private:
  CrlSigner& signer_;
  const rpc::Dispatcher& dispatcher_;
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_CRL_SERVICE_H_
