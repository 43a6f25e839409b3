#ifndef CHANCERY_SIGNER_IMPORT_SERVICE_H_
#define CHANCERY_SIGNER_IMPORT_SERVICE_H_

#include "chancery/signer/v1/import.grpc.pb.h"
#include "rpc/dispatcher.h"
#include "signer/importer.h"

namespace chancery::signer {

// gRPC in, Importer out. No decisions are made here.
class ImportService final : public v1::ImportService::CallbackService {
 public:
  // Both must outlive this object.
  ImportService(Importer& importer, const rpc::Dispatcher& dispatcher)
      : importer_(importer), dispatcher_(dispatcher) {}

  grpc::ServerUnaryReactor* Import(grpc::CallbackServerContext* context,
                                   const v1::ImportRequest* request,
                                   v1::ImportResponse* response) override;

 private:
  Importer& importer_;
  const rpc::Dispatcher& dispatcher_;
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_IMPORT_SERVICE_H_
