#include "authority/testing/signer_server.h"

#include <string>
#include <vector>

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

  grpc::Status IssueBatch(grpc::ServerContext*,
                          const v1::IssueBatchRequest* request,
                          v1::IssueBatchResponse* response) override {
    std::vector<SignerIssue> orders;
    for (const v1::IssueRequest& one : request->requests()) {
      orders.push_back(
          {.request_id = one.request_id(),
           .requester = one.requester(),
           .issuer = one.issuer(),
           .profile = one.profile(),
           .csr = one.csr(),
           .not_before = absl::FromUnixSeconds(one.not_before_seconds()),
           .not_after = absl::FromUnixSeconds(one.not_after_seconds())});
    }
    const auto batch = signer_.IssueBatch(orders);
    if (!batch.ok()) return rpc::ToGrpc(batch.status());
    for (const auto& issued : batch->results) {
      v1::IssueBatchResponse::Result& result = *response->add_results();
      if (issued.ok()) {
        Fill(*issued, *result.mutable_issued());
        continue;
      }
      const grpc::Status error = rpc::ToGrpc(issued.status());
      result.mutable_error()->set_code(error.error_code());
      result.mutable_error()->set_message(error.error_message());
    }
    rpc::ToProto(batch->updates, response->mutable_updates());
    return grpc::Status::OK;
  }

 private:
  static void Fill(const SignerIssued& issued, v1::IssueResponse& response) {
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
