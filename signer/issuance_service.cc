#include "signer/issuance_service.h"

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/status_macros.h"
#include "rpc/convert/block_update.h"
#include "rpc/unary.h"
#include "x509/certificate/csr.h"

namespace chancery::signer {
namespace {

// As Issuance reads them; its signature is Issuance's to check.
absl::StatusOr<std::vector<x509::AltName>> NamesInCsr(const std::string& csr) {
  ASSIGN_OR_RETURN(const x509::Csr parsed,
                   x509::ParseCsrUnverified(base::AsBytes(csr)));
  return x509::RequestedNames(parsed);
}

}  // namespace

grpc::ServerUnaryReactor* IssuanceService::Issue(
    grpc::CallbackServerContext* context, const v1::IssueRequest* request,
    v1::IssueResponse* response) {
  return rpc::Unary(
      dispatcher_, context,
      {rpc::Role::kIssue,
       {.issuer = request->issuer(),
        .profile = request->profile(),
        .request_id = request->request_id(),
        .requester = request->requester(),
        .names = [request] { return NamesInCsr(request->csr()); },
        // The authority's log has them, and the certificate.
        .log_names = false}},
      [=, this](const rpc::Identity& caller) -> absl::Status {
        ASSIGN_OR_RETURN(
            const Issued issued,
            issuance_.Issue({.asker = {.caller_uri = caller.uri,
                                       .requester = request->requester(),
                                       .request_id = request->request_id()},
                             .issuer = request->issuer(),
                             .profile = request->profile(),
                             .csr = request->csr()}));
        response->set_certificate(issued.certificate);
        for (const std::string& der : issued.chain) response->add_chain(der);
        response->set_issuer_id(issued.issuer_id);
        response->set_serial(issued.serial);
        rpc::ToProto(issued.updates, response->mutable_updates());
        response->set_ledger_index(issued.ledger_index);
        response->set_repeated_request(issued.repeated);
        return absl::OkStatus();
      });
}

}  // namespace chancery::signer
