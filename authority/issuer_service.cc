#include "authority/issuer_service.h"

#include <string>

#include "absl/status/status.h"
#include "base/status_macros.h"
#include "rpc/unary.h"

namespace chancery::authority {
namespace {

void Fill(const storage::IssuerRow& row, v1::Issuer* out) {
  out->set_name(row.name);
  out->set_issuer_id(row.issuer_id);
  out->set_certificate(row.certificate);
  for (const std::string& der : row.chain) out->add_chain(der);
  for (const std::string& profile : row.profiles) out->add_profiles(profile);
}

}  // namespace

grpc::ServerUnaryReactor* IssuerService::GetIssuer(
    grpc::CallbackServerContext* context, const v1::GetIssuerRequest* request,
    v1::Issuer* response) {
  return rpc::Unary(dispatcher_, context, rpc::Role::kRead,
                    [=, this](const rpc::Identity&) -> absl::Status {
                      ASSIGN_OR_RETURN(const storage::IssuerRow row,
                                       issuers_.Named(request->name()));
                      Fill(row, response);
                      return absl::OkStatus();
                    });
}

grpc::ServerUnaryReactor* IssuerService::ListIssuers(
    grpc::CallbackServerContext* context, const v1::ListIssuersRequest*,
    v1::ListIssuersResponse* response) {
  return rpc::Unary(dispatcher_, context, rpc::Role::kRead,
                    [=, this](const rpc::Identity&) -> absl::Status {
                      for (const storage::IssuerRow& row : issuers_.All()) {
                        Fill(row, response->add_issuers());
                      }
                      return absl::OkStatus();
                    });
}

}  // namespace chancery::authority
