#include "refresher/grpc_responder_client.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "chancery/responder/v1/replication.grpc.pb.h"
#include "grpcpp/channel.h"
#include "rpc/convert/block_update.h"
#include "rpc/status.h"

namespace chancery::refresher {
namespace {

namespace v1 = chancery::responder::v1;

// Below the receiver's limit, above any one block.
constexpr size_t kMessageBytes = 2 << 20;
// gRPC holds some of them on their way: with 1 MB, a responder grew by 50 MB;
// with 64 kB, sending took half as long again.
constexpr size_t kCrlPieceBytes = 256 << 10;
// A responder that takes and verifies a CRL more slowly is given up.
constexpr size_t kCrlBytesPerSecond = 1 << 20;

// Of PutHeadResponse and GetStatusResponse, which have these fields in common.
template <typename Response>
HeadStanding StandingOf(const Response& response) {
  return {.met = response.satisfied_head_micros() == 0
                     ? absl::InfinitePast()
                     : absl::FromUnixMicros(response.satisfied_head_micros()),
          .reflected_size = response.reflected_size(),
          .blocks_behind = response.blocks_behind(),
          .ready = response.ready()};
}

class GrpcResponderClient final : public ResponderClient {
 public:
  GrpcResponderClient(std::shared_ptr<grpc::Channel> channel,
                      absl::Duration deadline)
      : stub_(v1::ReplicationService::NewStub(std::move(channel))),
        deadline_(deadline) {}

  absl::StatusOr<HeldVersions> GetVersions() override {
    grpc::ClientContext context;
    SetDeadline(context);
    const auto reader = stub_->GetVersions(&context, v1::GetVersionsRequest());
    HeldVersions held;
    v1::GetVersionsResponse page;
    while (reader->Read(&page)) {
      for (const auto& block : page.versions())
        held.blocks[block.block_id()] = block.version();
      for (const auto& crl : page.crls()) {
        held.crls[{crl.issuer_id(), crl.shard(), crl.is_delta()}] =
            crl.number();
      }
    }
    RETURN_IF_ERROR(rpc::FromGrpc(reader->Finish()));
    return held;
  }

  absl::StatusOr<std::vector<ApplyResult>> Apply(
      const std::vector<block::Update>& updates) override {
    std::vector<ApplyResult> results;
    size_t next = 0;
    while (next < updates.size()) {
      v1::ApplyRequest request;
      size_t bytes = 0;
      do {
        bytes += updates[next].content.size();
        rpc::ToProto(updates[next], request.add_updates());
        ++next;
      } while (next < updates.size() &&
               bytes + updates[next].content.size() <= kMessageBytes);
      v1::ApplyResponse response;
      grpc::ClientContext context;
      SetDeadline(context);
      RETURN_IF_ERROR(
          rpc::FromGrpc(stub_->Apply(&context, request, &response)));
      for (const auto& result : response.results()) {
        results.push_back({.block_id = result.block_id(),
                           .version = result.version(),
                           .accepted = result.accepted(),
                           .detail = result.detail()});
      }
    }
    if (results.size() != updates.size()) {
      return absl::InternalError(
          "Apply: the responder answered for another number of updates");
    }
    return results;
  }

  absl::StatusOr<uint64_t> PutCrl(const storage::CrlRow& crl,
                                  storage::CrlPieces pieces) override {
    grpc::ClientContext context;
    SetDeadline(context, absl::Seconds(crl.size / kCrlBytesPerSecond));
    v1::PutCrlResponse response;
    const auto writer = stub_->PutCrl(&context, &response);
    v1::PutCrlRequest request;
    auto* facts = request.mutable_facts();
    facts->set_issuer_id(crl.issuer_id);
    facts->set_shard(crl.shard);
    facts->set_number(crl.number);
    facts->set_is_delta(crl.is_delta);
    bool open = writer->Write(request);
    while (open) {
      const auto piece = pieces();
      if (!piece.ok()) {
        context.TryCancel();
        (void)writer->Finish();
        return piece.status();
      }
      if (!piece->has_value()) break;
      const absl::string_view data = **piece;
      for (size_t at = 0; open && at < data.size(); at += kCrlPieceBytes) {
        const absl::string_view part = data.substr(at, kCrlPieceBytes);
        request.set_data(part.data(), part.size());
        open = writer->Write(request);
      }
    }
    writer->WritesDone();
    RETURN_IF_ERROR(rpc::FromGrpc(writer->Finish()));
    return response.number();
  }

  absl::StatusOr<HeadStanding> PutHead(const block::SignedHead& head) override {
    grpc::ClientContext context;
    SetDeadline(context);
    v1::PutHeadRequest request;
    request.mutable_head()->set_head(head.head);
    request.mutable_head()->set_index(head.index);
    v1::PutHeadResponse response;
    RETURN_IF_ERROR(
        rpc::FromGrpc(stub_->PutHead(&context, request, &response)));
    return StandingOf(response);
  }

  absl::StatusOr<ResponderStatus> GetStatus() override {
    grpc::ClientContext context;
    SetDeadline(context);
    v1::GetStatusResponse response;
    RETURN_IF_ERROR(rpc::FromGrpc(
        stub_->GetStatus(&context, v1::GetStatusRequest(), &response)));
    return ResponderStatus{.blocks = response.blocks(),
                           .certificates = response.certificates(),
                           .newest_version = response.newest_version(),
                           .crls = response.crls(),
                           .http_address = response.http_address(),
                           .version = response.version(),
                           .head = StandingOf(response)};
  }

 private:
  void SetDeadline(grpc::ClientContext& context,
                   absl::Duration more = absl::ZeroDuration()) const {
    context.set_deadline(absl::ToChronoTime(absl::Now() + deadline_ + more));
  }

  const std::unique_ptr<v1::ReplicationService::Stub> stub_;
  const absl::Duration deadline_;
};

}  // namespace

std::unique_ptr<ResponderClient> MakeGrpcResponderClient(
    std::shared_ptr<grpc::Channel> channel, absl::Duration deadline) {
  return std::make_unique<GrpcResponderClient>(std::move(channel), deadline);
}

}  // namespace chancery::refresher
