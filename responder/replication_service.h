#ifndef CHANCERY_RESPONDER_REPLICATION_SERVICE_H_
#define CHANCERY_RESPONDER_REPLICATION_SERVICE_H_

#include <string>
#include <utility>

#include "chancery/responder/v1/replication.grpc.pb.h"
#include "responder/cache/replica.h"
#include "rpc/dispatcher.h"

namespace chancery::responder {

// gRPC in, Replica out. No decisions are made here.
class ReplicationService final
    : public v1::ReplicationService::CallbackService {
 public:
  // Both must outlive this object. `http_address` is where OCSP is answered.
  ReplicationService(Replica& replica, const rpc::Dispatcher& dispatcher,
                     std::string http_address)
      : replica_(replica),
        dispatcher_(dispatcher),
        http_address_(std::move(http_address)) {}

  grpc::ServerWriteReactor<v1::GetVersionsResponse>* GetVersions(
      grpc::CallbackServerContext* context,
      const v1::GetVersionsRequest* request) override;
  grpc::ServerUnaryReactor* Apply(grpc::CallbackServerContext* context,
                                  const v1::ApplyRequest* request,
                                  v1::ApplyResponse* response) override;
  grpc::ServerReadReactor<v1::PutCrlRequest>* PutCrl(
      grpc::CallbackServerContext* context,
      v1::PutCrlResponse* response) override;
  grpc::ServerUnaryReactor* PutHead(grpc::CallbackServerContext* context,
                                    const v1::PutHeadRequest* request,
                                    v1::PutHeadResponse* response) override;
  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context,
                                      const v1::GetStatusRequest* request,
                                      v1::GetStatusResponse* response) override;

 private:
  Replica& replica_;
  const rpc::Dispatcher& dispatcher_;
  const std::string http_address_;
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_REPLICATION_SERVICE_H_
