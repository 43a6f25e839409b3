#ifndef CHANCERY_SIGNER_CATCH_UP_SERVICE_H_
#define CHANCERY_SIGNER_CATCH_UP_SERVICE_H_

#include "chancery/signer/v1/catch_up.grpc.pb.h"
#include "rpc/dispatcher.h"
#include "signer/standing.h"

namespace chancery::signer {

// gRPC in, Standing out. No decisions are made here.
class CatchUpService final : public v1::CatchUpService::CallbackService {
 public:
  // Both must outlive this object.
  CatchUpService(Standing& standing, const rpc::Dispatcher& dispatcher)
      : standing_(standing), dispatcher_(dispatcher) {}

  grpc::ServerUnaryReactor* Show(grpc::CallbackServerContext* context,
                                 const v1::ShowRequest* request,
                                 v1::StandingResponse* response) override;
  grpc::ServerUnaryReactor* AddEntries(grpc::CallbackServerContext* context,
                                       const v1::AddEntriesRequest* request,
                                       v1::StandingResponse* response) override;
  grpc::ServerUnaryReactor* Promote(grpc::CallbackServerContext* context,
                                    const v1::PromoteRequest* request,
                                    v1::StandingResponse* response) override;

 private:
  Standing& standing_;
  const rpc::Dispatcher& dispatcher_;
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_CATCH_UP_SERVICE_H_
