#include "authority/testing/signer_server.h"

#include "chancery/signer/v1/issuance.grpc.pb.h"
#include "chancery/signer/v1/ledger.grpc.pb.h"
#include "chancery/signer/v1/revocation.grpc.pb.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"
#include "rpc/convert/block_update.h"
#include "rpc/status.h"

namespace chancery::authority::testing {
namespace {

namespace v1 = chancery::signer::v1;

class IssuanceService final : public v1::IssuanceService::Service {
 public:
  explicit IssuanceService(SignerClient& signer) : signer_(signer) {}

  grpc::Status Issue(grpc::ServerContext*, const v1::IssueRequest* request,
                     v1::IssueResponse* response) override {
    const auto issued = signer_.Issue(
        {.request_id = request->request_id(),
         .requester = request->requester(),
         .issuer = request->issuer(),
         .profile = request->profile(),
         .csr = request->csr(),
         .not_before = absl::FromUnixSeconds(request->not_before_seconds()),
         .not_after = absl::FromUnixSeconds(request->not_after_seconds())});
    if (!issued.ok()) return rpc::ToGrpc(issued.status());
    response->set_certificate(issued->certificate);
    for (const std::string& der : issued->chain) response->add_chain(der);
    response->set_issuer_id(issued->issuer_id);
    response->set_serial(issued->serial);
    rpc::ToProto(issued->updates, response->mutable_updates());
    response->set_ledger_index(issued->ledger_index);
    response->set_repeated_request(issued->repeated);
    return grpc::Status::OK;
  }

 private:
  SignerClient& signer_;
};

class RevocationService final : public v1::RevocationService::Service {
 public:
  explicit RevocationService(SignerClient& signer) : signer_(signer) {}

  grpc::Status Revoke(grpc::ServerContext*, const v1::RevokeRequest* request,
                      v1::RevokeResponse* response) override {
    return Answer(signer_.Revoke({.request_id = request->request_id(),
                                  .requester = request->requester(),
                                  .issuer = request->issuer(),
                                  .serial = request->serial(),
                                  .reason = request->reason(),
                                  .revoked_at = absl::FromUnixSeconds(
                                      request->revoked_at_seconds())}),
                  response);
  }
  grpc::Status Release(grpc::ServerContext*, const v1::ReleaseRequest* request,
                       v1::RevokeResponse* response) override {
    return Answer(signer_.Release({.request_id = request->request_id(),
                                   .requester = request->requester(),
                                   .issuer = request->issuer(),
                                   .serial = request->serial()}),
                  response);
  }

 private:
  static grpc::Status Answer(const absl::StatusOr<SignerStatus>& changed,
                             v1::RevokeResponse* response) {
    if (!changed.ok()) return rpc::ToGrpc(changed.status());
    const storage::StatusRow& status = changed->status;
    response->set_issuer_id(status.issuer_id);
    response->set_serial(status.serial);
    response->set_revoked(status.status != storage::CertificateStatus::kGood);
    if (response->revoked()) {
      response->set_reason(status.reason);
      response->set_revoked_at_seconds(absl::ToUnixSeconds(status.revoked_at));
    }
    rpc::ToProto(changed->updates, response->mutable_updates());
    response->set_ledger_index(status.ledger_index);
    return grpc::Status::OK;
  }

  SignerClient& signer_;
};

class LedgerService final : public v1::LedgerService::Service {
 public:
  explicit LedgerService(SignerClient& signer) : signer_(signer) {}

  grpc::Status ListIssuers(grpc::ServerContext*, const v1::ListIssuersRequest*,
                           v1::ListIssuersResponse* response) override {
    const auto issuers = signer_.ListIssuers();
    if (!issuers.ok()) return rpc::ToGrpc(issuers.status());
    for (const storage::IssuerRow& issuer : *issuers) {
      auto* added = response->add_issuers();
      added->set_name(issuer.name);
      added->set_issuer_id(issuer.issuer_id);
      added->set_certificate(issuer.certificate);
      for (const std::string& der : issuer.chain) added->add_chain(der);
      for (const std::string& name : issuer.profiles) added->add_profiles(name);
    }
    return grpc::Status::OK;
  }

 private:
  SignerClient& signer_;
};

}  // namespace

struct SignerServer::State {
  explicit State(SignerClient& signer)
      : issuance(signer), revocation(signer), ledger(signer) {}

  IssuanceService issuance;
  RevocationService revocation;
  LedgerService ledger;
  std::unique_ptr<grpc::Server> server;
};

SignerServer::SignerServer(SignerClient& signer, const std::string& address,
                           const rpc::Credentials& credentials)
    : state_(std::make_unique<State>(signer)) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, credentials.ForServer());
  builder.RegisterService(&state_->issuance);
  builder.RegisterService(&state_->revocation);
  builder.RegisterService(&state_->ledger);
  state_->server = builder.BuildAndStart();
  EXPECT_NE(state_->server, nullptr) << address;
}

SignerServer::~SignerServer() = default;

}  // namespace chancery::authority::testing
