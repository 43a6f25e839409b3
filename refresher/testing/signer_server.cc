#include "refresher/testing/signer_server.h"

#include <atomic>
#include <utility>

#include "chancery/signer/v1/crl.grpc.pb.h"
#include "chancery/signer/v1/head.grpc.pb.h"
#include "chancery/signer/v1/ledger.grpc.pb.h"
#include "chancery/signer/v1/presign.grpc.pb.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"
#include "rpc/convert/block_update.h"
#include "rpc/status.h"

namespace chancery::refresher::testing {
namespace {

namespace v1 = chancery::signer::v1;

int64_t ToSeconds(absl::Time time) {
  return time == absl::InfiniteFuture() ? 0 : absl::ToUnixSeconds(time);
}

class PresignService final : public v1::PresignService::Service {
 public:
  explicit PresignService(SignerClient& signer) : signer_(signer) {}

  grpc::Status SignBlock(grpc::ServerContext*,
                         const v1::SignBlockRequest* request,
                         v1::SignBlockResponse* response) override {
    const auto made = signer_.SignBlock(request->block_id());
    if (!made.ok()) return rpc::ToGrpc(made.status());
    rpc::ToProto(made->updates.at(0), response->mutable_update());
    response->set_refresh_at_seconds(ToSeconds(made->refresh_at));
    return grpc::Status::OK;
  }
  grpc::Status GetBlock(grpc::ServerContext*,
                        const v1::GetBlockRequest* request,
                        v1::GetBlockResponse* response) override {
    const auto held =
        signer_.GetBlock(request->block_id(), request->have_version());
    if (!held.ok()) return rpc::ToGrpc(held.status());
    rpc::ToProto(held->updates, response->mutable_updates());
    response->set_refresh_at_seconds(ToSeconds(held->refresh_at));
    return grpc::Status::OK;
  }
  grpc::Status ListBlocks(grpc::ServerContext*, const v1::ListBlocksRequest*,
                          v1::ListBlocksResponse* response) override {
    const auto listed = signer_.ListBlocks();
    if (!listed.ok()) return rpc::ToGrpc(listed.status());
    for (const ListedBlock& block : *listed) {
      auto* out = response->add_blocks();
      out->set_block_id(block.block_id);
      out->set_issuer_id(block.issuer_id);
      out->set_version(block.version);
      out->set_refresh_at_seconds(ToSeconds(block.refresh_at));
    }
    return grpc::Status::OK;
  }

 private:
  SignerClient& signer_;
};

class CrlService final : public v1::CrlService::Service {
 public:
  explicit CrlService(SignerClient& signer) : signer_(signer) {}

  grpc::Status SignCrl(
      grpc::ServerContext*, const v1::SignCrlRequest* request,
      grpc::ServerWriter<v1::SignCrlResponse>* writer) override {
    const auto crl =
        signer_.SignCrl({.issuer = request->issuer(),
                         .shard = request->shard(),
                         .is_delta = request->kind() == v1::CRL_KIND_DELTA,
                         .have_number = request->have_number()});
    if (!crl.ok()) return rpc::ToGrpc(crl.status());
    const SignedCrl& made = (*crl)->facts();
    v1::SignCrlResponse part;
    auto* facts = part.mutable_facts();
    facts->set_issuer_id(made.issuer_id);
    facts->set_number(made.number);
    facts->set_base_number(made.base_number);
    facts->set_this_update_seconds(ToSeconds(made.this_update));
    facts->set_next_update_seconds(ToSeconds(made.next_update));
    facts->set_refresh_at_seconds(ToSeconds(made.refresh_at));
    facts->set_ledger_size(made.ledger_size);
    facts->set_size(made.size);
    writer->Write(part);
    uint64_t sent = 0;
    while (true) {
      auto piece = (*crl)->Next();
      if (!piece.ok()) return rpc::ToGrpc(piece.status());
      if (!piece->has_value()) break;
      sent += (*piece)->size();
      if (cut && sent == made.size) break;
      part.set_data(**std::move(piece));
      writer->Write(part);
    }
    return grpc::Status::OK;
  }

  std::atomic<bool> cut = false;

 private:
  SignerClient& signer_;
};

class LedgerService final : public v1::LedgerService::Service {
 public:
  explicit LedgerService(SignerClient& signer) : signer_(signer) {}

  grpc::Status ReadEntries(grpc::ServerContext*,
                           const v1::ReadEntriesRequest* request,
                           v1::ReadEntriesResponse* response) override {
    const auto page = signer_.ReadEntries(
        request->from(), absl::Milliseconds(request->wait_ms()));
    if (!page.ok()) return rpc::ToGrpc(page.status());
    for (const std::string& entry : page->entries) {
      response->add_entries(entry);
    }
    response->set_ledger_size(page->ledger_size);
    response->set_signed_root(page->signed_root);
    return grpc::Status::OK;
  }
  grpc::Status ListIssuers(grpc::ServerContext*, const v1::ListIssuersRequest*,
                           v1::ListIssuersResponse* response) override {
    const auto listed = signer_.ListIssuers();
    if (!listed.ok()) return rpc::ToGrpc(listed.status());
    for (const ListedIssuer& issuer : *listed) {
      auto* out = response->add_issuers();
      out->set_name(issuer.name);
      out->set_issuer_id(issuer.issuer_id);
      out->set_certificate(issuer.certificate);
      for (const std::string& der : issuer.chain) out->add_chain(der);
      for (const std::string& profile : issuer.profiles) {
        out->add_profiles(profile);
      }
      out->set_crl_shards(issuer.crl_shards);
      out->set_has_delta_crls(issuer.has_delta_crls);
    }
    return grpc::Status::OK;
  }

 private:
  SignerClient& signer_;
};

class HeadService final : public v1::HeadService::Service {
 public:
  explicit HeadService(SignerClient& signer) : signer_(signer) {}

  grpc::Status GetHead(grpc::ServerContext*, const v1::GetHeadRequest* request,
                       v1::GetHeadResponse* response) override {
    const auto head =
        signer_.GetHead(absl::FromUnixMicros(request->after_micros()),
                        absl::Milliseconds(request->wait_ms()));
    if (!head.ok()) return rpc::ToGrpc(head.status());
    if (!head->has_value()) return grpc::Status::OK;
    response->mutable_head()->set_head((*head)->head);
    response->mutable_head()->set_index((*head)->index);
    return grpc::Status::OK;
  }

 private:
  SignerClient& signer_;
};

}  // namespace

struct SignerServer::State {
  explicit State(SignerClient& signer)
      : presign(signer), crl(signer), ledger(signer), head(signer) {}

  PresignService presign;
  CrlService crl;
  LedgerService ledger;
  HeadService head;
  std::unique_ptr<grpc::Server> server;
};

SignerServer::SignerServer(SignerClient& signer, const std::string& address,
                           const rpc::Credentials& credentials)
    : state_(std::make_unique<State>(signer)) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, credentials.ForServer());
  builder.RegisterService(&state_->presign);
  builder.RegisterService(&state_->crl);
  builder.RegisterService(&state_->ledger);
  builder.RegisterService(&state_->head);
  state_->server = builder.BuildAndStart();
  EXPECT_NE(state_->server, nullptr) << address;
}

// Handlers end before what they use.
SignerServer::~SignerServer() {
  if (state_->server != nullptr) state_->server->Shutdown();
  state_->server = nullptr;
}

void SignerServer::CutCrlsShort() { state_->crl.cut = true; }

}  // namespace chancery::refresher::testing
