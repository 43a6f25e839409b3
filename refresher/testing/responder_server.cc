#include "refresher/testing/responder_server.h"

#include <atomic>
#include <utility>

#include "base/mutex.h"
#include "chancery/responder/v1/replication.grpc.pb.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"
#include "rpc/convert/block_update.h"
#include "rpc/status.h"

namespace chancery::refresher::testing {
namespace {

namespace v1 = chancery::responder::v1;

template <typename Response>
void Fill(const HeadStanding& standing, Response& response) {
  if (standing.met != absl::InfinitePast()) {
    response.set_satisfied_head_micros(absl::ToUnixMicros(standing.met));
  }
  response.set_reflected_size(standing.reflected_size);
  response.set_blocks_behind(standing.blocks_behind);
  response.set_ready(standing.ready);
}

}  // namespace

struct ResponderServer::State final : public v1::ReplicationService::Service {
  explicit State(ResponderClient& responder) : responder(responder) {}

  grpc::Status GetVersions(
      grpc::ServerContext*, const v1::GetVersionsRequest*,
      grpc::ServerWriter<v1::GetVersionsResponse>* writer) override {
    const auto held = responder.GetVersions();
    if (!held.ok()) return rpc::ToGrpc(held.status());
    for (const auto& [id, version] : held->blocks) {
      v1::GetVersionsResponse page;
      page.add_versions()->set_block_id(id);
      page.mutable_versions(0)->set_version(version);
      writer->Write(page);
    }
    for (const auto& [scope, number] : held->crls) {
      v1::GetVersionsResponse page;
      page.add_crls()->set_issuer_id(scope.issuer_id);
      page.mutable_crls(0)->set_shard(scope.shard);
      page.mutable_crls(0)->set_number(number);
      page.mutable_crls(0)->set_is_delta(scope.is_delta);
      writer->Write(page);
    }
    return grpc::Status::OK;
  }

  grpc::Status Apply(grpc::ServerContext*, const v1::ApplyRequest* request,
                     v1::ApplyResponse* response) override {
    const auto results = responder.Apply(rpc::FromProto(request->updates()));
    if (!results.ok()) return rpc::ToGrpc(results.status());
    for (const ApplyResult& result : *results) {
      auto* out = response->add_results();
      out->set_block_id(result.block_id);
      out->set_version(result.version);
      out->set_accepted(result.accepted);
      out->set_detail(result.detail);
    }
    if (drops) response->mutable_results()->RemoveLast();
    return grpc::Status::OK;
  }

  grpc::Status PutCrl(grpc::ServerContext* context,
                      grpc::ServerReader<v1::PutCrlRequest>* reader,
                      v1::PutCrlResponse* response) override {
    v1::PutCrlRequest part;
    v1::CrlVersion facts;
    std::string der;
    while (reader->Read(&part)) {
      if (part.has_facts()) facts = part.facts();
      der += part.data();
    }
    if (context->IsCancelled()) return grpc::Status::CANCELLED;
    const auto number = responder.PutCrl({.issuer_id = facts.issuer_id(),
                                          .shard = facts.shard(),
                                          .is_delta = facts.is_delta(),
                                          .number = facts.number()},
                                         storage::OnePiece(der));
    if (!number.ok()) return rpc::ToGrpc(number.status());
    response->set_number(*number);
    base::MutexLock lock(mu);
    crl = std::move(der);
    return grpc::Status::OK;
  }

  grpc::Status PutHead(grpc::ServerContext*, const v1::PutHeadRequest* request,
                       v1::PutHeadResponse* response) override {
    const auto standing = responder.PutHead(
        {.head = request->head().head(), .index = request->head().index()});
    if (!standing.ok()) return rpc::ToGrpc(standing.status());
    Fill(*standing, *response);
    return grpc::Status::OK;
  }

  grpc::Status GetStatus(grpc::ServerContext*, const v1::GetStatusRequest*,
                         v1::GetStatusResponse* response) override {
    const auto status = responder.GetStatus();
    if (!status.ok()) return rpc::ToGrpc(status.status());
    response->set_blocks(status->blocks);
    response->set_certificates(status->certificates);
    response->set_newest_version(status->newest_version);
    response->set_crls(status->crls);
    Fill(status->head, *response);
    response->set_http_address(status->http_address);
    response->set_version(status->version);
    return grpc::Status::OK;
  }

  ResponderClient& responder;
  std::atomic<bool> drops = false;
  mutable base::Mutex mu;
  std::string crl ABSL_GUARDED_BY(mu);
  std::unique_ptr<grpc::Server> server;
};

ResponderServer::ResponderServer(ResponderClient& responder,
                                 const std::string& address,
                                 const rpc::Credentials& credentials)
    : state_(std::make_unique<State>(responder)) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, credentials.ForServer());
  builder.RegisterService(state_.get());
  state_->server = builder.BuildAndStart();
  EXPECT_NE(state_->server, nullptr) << address;
}

// Handlers end before what they use.
ResponderServer::~ResponderServer() {
  if (state_->server != nullptr) state_->server->Shutdown();
  state_->server = nullptr;
}

void ResponderServer::DropResults() { state_->drops = true; }

std::string ResponderServer::last_crl() const {
  base::MutexLock lock(state_->mu);
  return state_->crl;
}

}  // namespace chancery::refresher::testing
