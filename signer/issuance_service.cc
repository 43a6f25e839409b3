#include "signer/issuance_service.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/bytes.h"
#include "base/status_macros.h"
#include "rpc/convert/block_update.h"
#include "rpc/decide_each.h"
#include "rpc/status.h"
#include "rpc/unary.h"
#include "x509/certificate/csr.h"

namespace chancery::signer {
namespace {

// 0 in a message: as the profile says.
std::optional<absl::Time> TimeOf(int64_t seconds) {
  if (seconds == 0) return std::nullopt;
  return absl::FromUnixSeconds(seconds);
}

IssueRequest FromProto(const rpc::Identity& caller,
                       const v1::IssueRequest& request) {
  return {.asker = {.caller_uri = caller.uri,
                    .requester = request.requester(),
                    .request_id = request.request_id()},
          .issuer = request.issuer(),
          .profile = request.profile(),
          .csr = request.csr(),
          .not_before = TimeOf(request.not_before_seconds()),
          .not_after = TimeOf(request.not_after_seconds())};
}

// All but the updates.
void Fill(const Issued& issued, v1::IssueResponse& response) {
  response.set_certificate(issued.certificate);
  for (const std::string& der : issued.chain) response.add_chain(der);
  response.set_issuer_id(issued.issuer_id);
  response.set_serial(issued.serial);
  response.set_ledger_index(issued.ledger_index);
  response.set_repeated_request(issued.repeated);
  response.set_block_id(issued.block_id);
  response.set_place(issued.place);
  response.set_crl_shard(issued.crl_shard);
}

rpc::Demand DemandOf(const v1::IssueRequest& request) {
  return {rpc::Role::kIssue,
          {.issuer = request.issuer(),
           .profile = request.profile(),
           .request_id = request.request_id(),
           .requester = request.requester(),
           // As Issuance reads them; the signature is its to check.
           .names =
               [&request] {
                 return x509::ParseRequestedNames(base::AsBytes(request.csr()));
               },
           // The authority's log has them, and the certificate.
           .log_names = false}};
}

}  // namespace

grpc::ServerUnaryReactor* IssuanceService::Issue(
    grpc::CallbackServerContext* context, const v1::IssueRequest* request,
    v1::IssueResponse* response) {
  return rpc::Unary(dispatcher_, context, DemandOf(*request),
                    [=, this](const rpc::Identity& caller) -> absl::Status {
                      ASSIGN_OR_RETURN(
                          const Issued issued,
                          issuance_.Issue(FromProto(caller, *request)));
                      Fill(issued, *response);
                      rpc::ToProto(issued.updates, response->mutable_updates());
                      return absl::OkStatus();
                    });
}

grpc::ServerUnaryReactor* IssuanceService::IssueBatch(
    grpc::CallbackServerContext* context, const v1::IssueBatchRequest* request,
    v1::IssueBatchResponse* response) {
  return rpc::Unary(dispatcher_, context, rpc::Demand::Each(rpc::Role::kIssue),
                    [=, this](const rpc::Identity& caller) {
                      IssueAllowed(caller, *request, *response);
                      return absl::OkStatus();
                    });
}

void IssuanceService::IssueAllowed(const rpc::Identity& caller,
                                   const v1::IssueBatchRequest& request,
                                   v1::IssueBatchResponse& response) {
  std::vector<rpc::Asked> asked;
  for (const v1::IssueRequest& one : request.requests()) {
    asked.push_back({caller, DemandOf(one)});
    response.add_results();
  }
  const std::vector<absl::Status> told = rpc::DecideEach(
      dispatcher_.gate(), asked, "Issue",
      [&](const std::vector<size_t>& allowed) {
        std::vector<IssueRequest> requests;
        for (const size_t i : allowed) {
          requests.push_back(
              FromProto(caller, request.requests(static_cast<int>(i))));
        }
        const IssuedBatch batch = issuance_.IssueBatch(requests);
        std::vector<absl::Status> done;
        for (size_t k = 0; k < allowed.size(); ++k) {
          const auto& result = batch.results[k];
          done.push_back(result.status());
          if (!result.ok()) continue;
          Fill(*result, *response.mutable_results(static_cast<int>(allowed[k]))
                             ->mutable_issued());
        }
        rpc::ToProto(batch.updates, response.mutable_updates());
        return done;
      });
  for (size_t i = 0; i < told.size(); ++i) {
    if (told[i].ok()) continue;
    const grpc::Status error = rpc::ToGrpc(told[i]);
    auto* const out =
        response.mutable_results(static_cast<int>(i))->mutable_error();
    out->set_code(error.error_code());
    out->set_message(error.error_message());
  }
}

}  // namespace chancery::signer
