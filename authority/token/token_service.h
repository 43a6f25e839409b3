#ifndef CHANCERY_AUTHORITY_TOKEN_TOKEN_SERVICE_H_
#define CHANCERY_AUTHORITY_TOKEN_TOKEN_SERVICE_H_

#include "authority/issuer_directory.h"
#include "authority/token/token_issuer.h"
#include "chancery/authority/v1/token.grpc.pb.h"
#include "rpc/dispatcher.h"

namespace chancery::authority {

// gRPC in, TokenIssuer out.
class TokenService final : public v1::TokenService::CallbackService {
 public:
  // All must outlive this object.
  TokenService(TokenIssuer& issuer, const IssuerDirectory& issuers,
               const rpc::Dispatcher& dispatcher)
      : issuer_(issuer), issuers_(issuers), dispatcher_(dispatcher) {}

  grpc::ServerUnaryReactor* AuthenticatedIssue(
      grpc::CallbackServerContext* context,
      const v1::AuthenticatedIssueRequest* request,
      v1::IssueResponse* response) override;

 private:
  TokenIssuer& issuer_;
  const IssuerDirectory& issuers_;
  const rpc::Dispatcher& dispatcher_;
};

}  // namespace chancery::authority

#endif  // CHANCERY_AUTHORITY_TOKEN_TOKEN_SERVICE_H_
