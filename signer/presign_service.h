#ifndef CHANCERY_SIGNER_PRESIGN_SERVICE_H_
#define CHANCERY_SIGNER_PRESIGN_SERVICE_H_

#include "chancery/signer/v1/presign.grpc.pb.h"
#include "rpc/dispatcher.h"
#include "signer/block_signer.h"

namespace chancery::signer {

// gRPC in, BlockSigner out. No decisions are made here.
class PresignService final : public v1::PresignService::CallbackService {
 public:
  // Both must outlive this object.
  PresignService(BlockSigner& signer, const rpc::Dispatcher& dispatcher)
      : signer_(signer), dispatcher_(dispatcher) {}

  grpc::ServerUnaryReactor* SignBlock(grpc::CallbackServerContext* context,
                                      const v1::SignBlockRequest* request,
                                      v1::SignBlockResponse* response) override;
  grpc::ServerUnaryReactor* GetBlock(grpc::CallbackServerContext* context,
                                     const v1::GetBlockRequest* request,
                                     v1::GetBlockResponse* response) override;
  grpc::ServerUnaryReactor* ListBlocks(
      grpc::CallbackServerContext* context,
      const v1::ListBlocksRequest* request,
      v1::ListBlocksResponse* response) override;

 private:
  BlockSigner& signer_;
  const rpc::Dispatcher& dispatcher_;
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_PRESIGN_SERVICE_H_
