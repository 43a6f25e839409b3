#include "signer/presign_service.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "rpc/convert/block_update.h"
#include "rpc/unary.h"

namespace chancery::signer {
namespace {

int64_t OnWire(absl::Time refresh_at) {
  return refresh_at == absl::InfiniteFuture() ? 0
                                              : absl::ToUnixSeconds(refresh_at);
}

rpc::Demand OfBlock(const std::string& id) {
  return {rpc::Role::kPresign,
          {.object = absl::StrCat("block ", base::Hex(base::AsBytes(id)))}};
}

}  // namespace

grpc::ServerUnaryReactor* PresignService::SignBlock(
    grpc::CallbackServerContext* context, const v1::SignBlockRequest* request,
    v1::SignBlockResponse* response) {
  return rpc::Unary(
      dispatcher_, context, OfBlock(request->block_id()),
      [=, this](const rpc::Identity&) -> absl::Status {
        ASSIGN_OR_RETURN(const BlockUpdates signed_block,
                         signer_.SignBlock(request->block_id()));
        rpc::ToProto(signed_block.updates.front(), response->mutable_update());
        response->set_refresh_at_seconds(OnWire(signed_block.refresh_at));
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* PresignService::GetBlock(
    grpc::CallbackServerContext* context, const v1::GetBlockRequest* request,
    v1::GetBlockResponse* response) {
  return rpc::Unary(
      dispatcher_, context, OfBlock(request->block_id()),
      [=, this](const rpc::Identity&) -> absl::Status {
        ASSIGN_OR_RETURN(
            const BlockUpdates held,
            signer_.GetBlock(request->block_id(), request->have_version()));
        rpc::ToProto(held.updates, response->mutable_updates());
        response->set_refresh_at_seconds(OnWire(held.refresh_at));
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* PresignService::ListBlocks(
    grpc::CallbackServerContext* context, const v1::ListBlocksRequest* request,
    v1::ListBlocksResponse* response) {
  return rpc::Unary(
      dispatcher_, context, rpc::Role::kPresign,
      [=, this](const rpc::Identity&) -> absl::Status {
        ASSIGN_OR_RETURN(const BlockList list,
                         signer_.ListBlocks(request->since()));
        for (const ListedBlock& listed : list.blocks) {
          auto* block = response->add_blocks();
          block->set_block_id(listed.block_id);
          block->set_issuer_id(listed.issuer_id);
          block->set_version(listed.version);
          block->set_refresh_at_seconds(OnWire(listed.refresh_at));
          block->set_by_former_key(listed.by_former_key);
        }
        response->set_ledger_size(list.ledger_size);
        return absl::OkStatus();
      });
}

}  // namespace chancery::signer
