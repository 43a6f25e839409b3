#ifndef CHANCERY_SIGNER_LEDGER_SERVICE_H_
#define CHANCERY_SIGNER_LEDGER_SERVICE_H_

#include "chancery/signer/v1/ledger.grpc.pb.h"
#include "rpc/dispatcher.h"
#include "signer/issuer.h"
#include "signer/ledger/ledger.h"
#include "signer/ledger_growth.h"
#include "signer/root_signer.h"

namespace chancery::signer {

// Reads the ledger for those who follow it. Changes nothing.
class LedgerService final : public v1::LedgerService::CallbackService {
 public:
  // All must outlive this object.
  LedgerService(const Ledger& ledger, LedgerGrowth& growth, RootSigner& roots,
                const IssuerTable& issuers, const rpc::Dispatcher& dispatcher)
      : ledger_(ledger),
        growth_(growth),
        roots_(roots),
        issuers_(issuers),
        dispatcher_(dispatcher) {}

  grpc::ServerUnaryReactor* ReadEntries(
      grpc::CallbackServerContext* context,
      const v1::ReadEntriesRequest* request,
      v1::ReadEntriesResponse* response) override;
  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context,
                                      const v1::GetStatusRequest* request,
                                      v1::GetStatusResponse* response) override;
  grpc::ServerUnaryReactor* ListIssuers(
      grpc::CallbackServerContext* context,
      const v1::ListIssuersRequest* request,
      v1::ListIssuersResponse* response) override;

 private:
  const Ledger& ledger_;
  LedgerGrowth& growth_;
  RootSigner& roots_;
  const IssuerTable& issuers_;
  const rpc::Dispatcher& dispatcher_;
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_LEDGER_SERVICE_H_
