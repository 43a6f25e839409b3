#include "refresher/grpc_signer_client.h"

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "chancery/signer/v1/crl.grpc.pb.h"
#include "chancery/signer/v1/head.grpc.pb.h"
#include "chancery/signer/v1/ledger.grpc.pb.h"
#include "chancery/signer/v1/presign.grpc.pb.h"
#include "grpcpp/channel.h"
#include "rpc/convert/block_update.h"
#include "rpc/status.h"

namespace chancery::refresher {
namespace {

namespace v1 = chancery::signer::v1;

// A block in which each record is signed, by a token perhaps, and a CRL may
// take so many times the deadline of other calls.
constexpr int kLonger = 10;

absl::Time RefreshAt(int64_t seconds) {
  return seconds == 0 ? absl::InfiniteFuture() : absl::FromUnixSeconds(seconds);
}

class GrpcCrlDownload final : public CrlDownload {
 public:
  // Ends at the deadline or with `stop`.
  GrpcCrlDownload(absl::Duration deadline, const std::stop_token& stop)
      : cancel_(stop, [this] { context_.TryCancel(); }) {
    context_.set_deadline(absl::ToChronoTime(absl::Now() + deadline));
  }
  // Who stops in the middle does not let the signer send the rest.
  ~GrpcCrlDownload() override { context_.TryCancel(); }

  absl::Status Begin(v1::CrlService::Stub& stub,
                     const v1::SignCrlRequest& request) {
    reader_ = stub.SignCrl(&context_, request);
    v1::SignCrlResponse first;
    if (!reader_->Read(&first)) {
      RETURN_IF_ERROR(rpc::FromGrpc(reader_->Finish()));
      return Incomplete();
    }
    if (!first.has_facts() || first.facts().issuer_id().empty()) {
      return Incomplete();
    }
    const auto& facts = first.facts();
    facts_ = {.issuer_id = facts.issuer_id(),
              .number = facts.number(),
              .base_number = facts.base_number(),
              .this_update = absl::FromUnixSeconds(facts.this_update_seconds()),
              .next_update = absl::FromUnixSeconds(facts.next_update_seconds()),
              .refresh_at = RefreshAt(facts.refresh_at_seconds()),
              .ledger_size = facts.ledger_size(),
              .size = facts.size()};
    return absl::OkStatus();
  }

  const SignedCrl& facts() const override { return facts_; }

  absl::StatusOr<std::optional<std::string>> Next() override {
    v1::SignCrlResponse part;
    if (reader_->Read(&part)) {
      received_ += part.data().size();
      if (part.data().empty() || received_ > facts_.size) return Incomplete();
      return std::move(*part.mutable_data());
    }
    RETURN_IF_ERROR(rpc::FromGrpc(reader_->Finish()));
    if (received_ != facts_.size) return Incomplete();
    return std::nullopt;
  }

 private:
  static absl::Status Incomplete() {
    return absl::DataLossError("SignCrl: the signer's answer is incomplete");
  }

  grpc::ClientContext context_;
  std::stop_callback<std::function<void()>> cancel_;
  std::unique_ptr<grpc::ClientReader<v1::SignCrlResponse>> reader_;
  SignedCrl facts_;
  uint64_t received_ = 0;
};

class GrpcSignerClient final : public SignerClient {
 public:
  GrpcSignerClient(const std::shared_ptr<grpc::Channel>& channel,
                   absl::Duration deadline, std::stop_token stop)
      : presign_(v1::PresignService::NewStub(channel)),
        crl_(v1::CrlService::NewStub(channel)),
        ledger_(v1::LedgerService::NewStub(channel)),
        head_(v1::HeadService::NewStub(channel)),
        deadline_(deadline),
        stop_(std::move(stop)) {}

  absl::StatusOr<SignedUpdates> SignBlock(
      const std::string& block_id) override {
    v1::SignBlockRequest request;
    request.set_block_id(block_id);
    v1::SignBlockResponse response;
    Call call(*this, kLonger);
    grpc::ClientContext& context = call.context();
    RETURN_IF_ERROR(
        rpc::FromGrpc(presign_->SignBlock(&context, request, &response)));
    SignedUpdates out;
    out.updates.push_back(rpc::FromProto(response.update()));
    out.refresh_at = RefreshAt(response.refresh_at_seconds());
    return out;
  }

  absl::StatusOr<SignedUpdates> GetBlock(const std::string& block_id,
                                         uint64_t have_version) override {
    v1::GetBlockRequest request;
    request.set_block_id(block_id);
    request.set_have_version(have_version);
    v1::GetBlockResponse response;
    Call call(*this, kLonger);  // It may have to be signed first.
    grpc::ClientContext& context = call.context();
    RETURN_IF_ERROR(
        rpc::FromGrpc(presign_->GetBlock(&context, request, &response)));
    return SignedUpdates{
        .updates = rpc::FromProto(response.updates()),
        .refresh_at = RefreshAt(response.refresh_at_seconds())};
  }

  absl::StatusOr<std::vector<ListedBlock>> ListBlocks() override {
    v1::ListBlocksResponse response;
    Call call(*this);
    grpc::ClientContext& context = call.context();
    RETURN_IF_ERROR(rpc::FromGrpc(
        presign_->ListBlocks(&context, v1::ListBlocksRequest(), &response)));
    std::vector<ListedBlock> out;
    out.reserve(response.blocks_size());
    for (const auto& block : response.blocks()) {
      out.push_back({.block_id = block.block_id(),
                     .issuer_id = block.issuer_id(),
                     .version = block.version(),
                     .refresh_at = RefreshAt(block.refresh_at_seconds()),
                     .by_former_key = block.by_former_key()});
    }
    return out;
  }

  absl::StatusOr<std::unique_ptr<CrlDownload>> SignCrl(
      const CrlRequest& asked) override {
    v1::SignCrlRequest request;
    request.set_issuer(asked.issuer);
    request.set_shard(asked.shard);
    request.set_kind(asked.is_delta ? v1::CRL_KIND_DELTA : v1::CRL_KIND_FULL);
    request.set_have_number(asked.have_number);
    auto download =
        std::make_unique<GrpcCrlDownload>(deadline_ * kLonger, stop_);
    RETURN_IF_ERROR(download->Begin(*crl_, request));
    return download;
  }

  absl::StatusOr<LedgerPage> ReadEntries(uint64_t from,
                                         absl::Duration wait) override {
    v1::ReadEntriesRequest request;
    request.set_from(from);
    request.set_wait_ms(static_cast<uint32_t>(absl::ToInt64Milliseconds(wait)));
    v1::ReadEntriesResponse response;
    Call call(*this, 1, wait);
    grpc::ClientContext& context = call.context();
    RETURN_IF_ERROR(
        rpc::FromGrpc(ledger_->ReadEntries(&context, request, &response)));
    LedgerPage page;
    page.entries.assign(response.entries().begin(), response.entries().end());
    page.ledger_size = response.ledger_size();
    page.signed_root = response.signed_root();
    return page;
  }

  absl::StatusOr<std::vector<ListedIssuer>> ListIssuers() override {
    v1::ListIssuersResponse response;
    Call call(*this);
    grpc::ClientContext& context = call.context();
    RETURN_IF_ERROR(rpc::FromGrpc(
        ledger_->ListIssuers(&context, v1::ListIssuersRequest(), &response)));
    std::vector<ListedIssuer> out;
    for (const auto& issuer : response.issuers()) {
      out.push_back(
          {.name = issuer.name(),
           .issuer_id = issuer.issuer_id(),
           .certificate = issuer.certificate(),
           .chain = {issuer.chain().begin(), issuer.chain().end()},
           .profiles = {issuer.profiles().begin(), issuer.profiles().end()},
           .crl_shards = issuer.crl_shards(),
           .has_delta_crls = issuer.has_delta_crls()});
    }
    return out;
  }

  absl::StatusOr<std::optional<block::SignedHead>> GetHead(
      absl::Time after, absl::Duration wait) override {
    v1::GetHeadRequest request;
    if (after != absl::InfinitePast()) {
      request.set_after_micros(absl::ToUnixMicros(after));
    }
    request.set_wait_ms(static_cast<uint32_t>(absl::ToInt64Milliseconds(wait)));
    v1::GetHeadResponse response;
    // Its deadline is longer than any wait.
    Call call(*this);
    RETURN_IF_ERROR(
        rpc::FromGrpc(head_->GetHead(&call.context(), request, &response)));
    if (!response.has_head()) return std::nullopt;
    return block::SignedHead{.head = response.head().head(),
                             .index = response.head().index()};
  }

 private:
  // A call's context: ends it at its deadline, and when the process is to end.
  class Call {
   public:
    explicit Call(const GrpcSignerClient& client, int times = 1,
                  absl::Duration more = absl::ZeroDuration())
        : cancel_(client.stop_, [this] { context_.TryCancel(); }) {
      context_.set_deadline(
          absl::ToChronoTime(absl::Now() + client.deadline_ * times + more));
    }
    grpc::ClientContext& context() { return context_; }

   private:
    grpc::ClientContext context_;
    std::stop_callback<std::function<void()>> cancel_;
  };

  const std::unique_ptr<v1::PresignService::Stub> presign_;
  const std::unique_ptr<v1::CrlService::Stub> crl_;
  const std::unique_ptr<v1::LedgerService::Stub> ledger_;
  const std::unique_ptr<v1::HeadService::Stub> head_;
  const absl::Duration deadline_;
  const std::stop_token stop_;
};

}  // namespace

std::unique_ptr<SignerClient> MakeGrpcSignerClient(
    std::shared_ptr<grpc::Channel> channel, absl::Duration deadline,
    std::stop_token stop) {
  return std::make_unique<GrpcSignerClient>(channel, deadline, std::move(stop));
}

}  // namespace chancery::refresher
