#ifndef CHANCERY_SIGNER_HEAD_SERVICE_H_
#define CHANCERY_SIGNER_HEAD_SERVICE_H_

#include "chancery/signer/v1/head.grpc.pb.h"
#include "rpc/dispatcher.h"
#include "signer/head_ticker.h"

namespace chancery::signer {

// gRPC in, HeadTicker out. No decisions are made here.
class HeadService final : public v1::HeadService::CallbackService {
 public:
  // Both must outlive this object.
  HeadService(HeadTicker& heads, const rpc::Dispatcher& dispatcher)
      : heads_(heads), dispatcher_(dispatcher) {}

  grpc::ServerUnaryReactor* GetHead(grpc::CallbackServerContext* context,
                                    const v1::GetHeadRequest* request,
                                    v1::GetHeadResponse* response) override;

 private:
  HeadTicker& heads_;
  const rpc::Dispatcher& dispatcher_;
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_HEAD_SERVICE_H_
