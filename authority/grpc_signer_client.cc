#include "authority/grpc_signer_client.h"

#include <utility>

#include "authority/signer_errors.h"
#include "base/status_macros.h"
#include "chancery/signer/v1/issuance.grpc.pb.h"
#include "chancery/signer/v1/ledger.grpc.pb.h"
#include "chancery/signer/v1/revocation.grpc.pb.h"
#include "grpcpp/channel.h"
#include "rpc/client.h"
#include "rpc/convert/block_update.h"

namespace chancery::authority {
namespace {

namespace v1 = chancery::signer::v1;

constexpr int kHold = 6;  // RFC 5280 section 5.3.1.

SignerStatus ToStatus(const v1::RevokeResponse& response) {
  SignerStatus out;
  out.status = {.issuer_id = response.issuer_id(),
                .serial = response.serial(),
                .status = storage::CertificateStatus::kGood,
                .reason = 0,
                .revoked_at = absl::UnixEpoch(),
                .ledger_index = response.ledger_index()};
  if (response.revoked()) {
    out.status.status = response.reason() == kHold
                            ? storage::CertificateStatus::kHeld
                            : storage::CertificateStatus::kRevoked;
    out.status.reason = response.reason();
    out.status.revoked_at =
        absl::FromUnixSeconds(response.revoked_at_seconds());
  }
  out.updates = rpc::FromProto(response.updates());
  return out;
}

absl::StatusOr<SignerIssued> ToIssued(v1::IssueBatchResponse::Result& result) {
  if (!result.has_issued()) {
    return FromSigner(
        grpc::Status(static_cast<grpc::StatusCode>(result.error().code()),
                     result.error().message()));
  }
  v1::IssueResponse& issued = *result.mutable_issued();
  return SignerIssued{.certificate = std::move(*issued.mutable_certificate()),
                      .chain = {issued.chain().begin(), issued.chain().end()},
                      .issuer_id = issued.issuer_id(),
                      .serial = issued.serial(),
                      .ledger_index = issued.ledger_index(),
                      .repeated = issued.repeated_request(),
                      .block_id = issued.block_id(),
                      .place = issued.place(),
                      .crl_shard = issued.crl_shard()};
}

class GrpcSignerClient final : public SignerClient {
 public:
  GrpcSignerClient(const std::shared_ptr<grpc::Channel>& channel,
                   absl::Duration deadline)
      : issuance_(v1::IssuanceService::NewStub(channel)),
        revocation_(v1::RevocationService::NewStub(channel)),
        ledger_(v1::LedgerService::NewStub(channel)),
        deadline_(deadline) {}

  absl::StatusOr<SignerIssuedBatch> IssueBatch(
      const std::vector<SignerIssue>& requests) override {
    v1::IssueBatchRequest message;
    for (const SignerIssue& request : requests) {
      v1::IssueRequest& one = *message.add_requests();
      one.set_request_id(request.request_id);
      one.set_requester(request.requester);
      one.set_issuer(request.issuer);
      one.set_profile(request.profile);
      one.set_csr(request.csr);
      one.set_not_before_seconds(absl::ToUnixSeconds(request.not_before));
      one.set_not_after_seconds(absl::ToUnixSeconds(request.not_after));
    }
    v1::IssueBatchResponse response;
    grpc::ClientContext context;
    rpc::SetTimeout(context, deadline_);
    RETURN_IF_ERROR(
        FromSigner(issuance_->IssueBatch(&context, message, &response)));
    if (static_cast<size_t>(response.results_size()) != requests.size()) {
      return absl::InternalError(
          "IssueBatch: the signer answered another number of requests");
    }
    SignerIssuedBatch batch;
    for (v1::IssueBatchResponse::Result& result : *response.mutable_results()) {
      batch.results.push_back(ToIssued(result));
    }
    batch.updates = rpc::FromProto(response.updates());
    return batch;
  }

  absl::StatusOr<SignerStatus> Revoke(const SignerRevoke& request) override {
    v1::RevokeRequest message;
    message.set_request_id(request.request_id);
    message.set_requester(request.requester);
    message.set_issuer(request.issuer);
    message.set_serial(request.serial);
    message.set_reason(request.reason);
    message.set_revoked_at_seconds(absl::ToUnixSeconds(request.revoked_at));
    v1::RevokeResponse response;
    grpc::ClientContext context;
    rpc::SetTimeout(context, deadline_);
    RETURN_IF_ERROR(
        FromSigner(revocation_->Revoke(&context, message, &response)));
    return ToStatus(response);
  }

  absl::StatusOr<SignerStatus> Release(const SignerRelease& request) override {
    v1::ReleaseRequest message;
    message.set_request_id(request.request_id);
    message.set_requester(request.requester);
    message.set_issuer(request.issuer);
    message.set_serial(request.serial);
    v1::RevokeResponse response;
    grpc::ClientContext context;
    rpc::SetTimeout(context, deadline_);
    RETURN_IF_ERROR(
        FromSigner(revocation_->Release(&context, message, &response)));
    return ToStatus(response);
  }

  absl::StatusOr<std::vector<storage::IssuerRow>> ListIssuers() override {
    v1::ListIssuersResponse response;
    grpc::ClientContext context;
    rpc::SetTimeout(context, deadline_);
    RETURN_IF_ERROR(FromSigner(ledger_->ListIssuers(&context, {}, &response)));
    std::vector<storage::IssuerRow> out;
    for (const auto& issuer : response.issuers()) {
      out.push_back(
          {.issuer_id = issuer.issuer_id(),
           .name = issuer.name(),
           .certificate = issuer.certificate(),
           .chain = {issuer.chain().begin(), issuer.chain().end()},
           .profiles = {issuer.profiles().begin(), issuer.profiles().end()}});
    }
    return out;
  }

 private:
  const std::unique_ptr<v1::IssuanceService::Stub> issuance_;
  const std::unique_ptr<v1::RevocationService::Stub> revocation_;
  const std::unique_ptr<v1::LedgerService::Stub> ledger_;
  const absl::Duration deadline_;
};

}  // namespace

std::unique_ptr<SignerClient> MakeGrpcSignerClient(
    std::shared_ptr<grpc::Channel> channel, absl::Duration deadline) {
  return std::make_unique<GrpcSignerClient>(channel, deadline);
}

}  // namespace chancery::authority
