#include "responder/replication_service.h"

#include <algorithm>
#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/bytes.h"
#include "base/status_macros.h"
#include "rpc/convert/block_update.h"
#include "rpc/stream.h"
#include "rpc/unary.h"
#include "rpc/version.h"

namespace chancery::responder {
namespace {

constexpr int kVersionsInAMessage = 10'000;

int64_t OnWire(absl::Time met) {
  return met == absl::InfinitePast() ? 0 : absl::ToUnixMicros(met);
}

// The first message of a CRL has its facts.
absl::StatusOr<HeldCrl> ReadFacts(rpc::Reader<v1::PutCrlRequest>& in) {
  v1::PutCrlRequest first;
  ASSIGN_OR_RETURN(const bool any, in.Read(first));
  if (!any || !first.has_facts()) {
    return absl::InvalidArgumentError("facts: missing from the first message");
  }
  return HeldCrl{.issuer_id = first.facts().issuer_id(),
                 .shard = first.facts().shard(),
                 .number = first.facts().number(),
                 .is_delta = first.facts().is_delta()};
}

}  // namespace

grpc::ServerWriteReactor<v1::GetVersionsResponse>*
ReplicationService::GetVersions(grpc::CallbackServerContext* context,
                                const v1::GetVersionsRequest*) {
  return rpc::ServerStream<v1::GetVersionsResponse>(
      dispatcher_, context, rpc::Role::kPush,
      [this](const rpc::Identity&,
             rpc::Writer<v1::GetVersionsResponse>& out) -> absl::Status {
        v1::GetVersionsResponse page;
        for (const HeldBlock& held : replica_.Blocks()) {
          auto* version = page.add_versions();
          version->set_block_id(held.block_id);
          version->set_version(held.version);
          if (page.versions_size() == kVersionsInAMessage) {
            RETURN_IF_ERROR(out.Write(page));
            page.Clear();
          }
        }
        for (const HeldCrl& held : replica_.Crls()) {
          auto* crl = page.add_crls();
          crl->set_issuer_id(held.issuer_id);
          crl->set_shard(held.shard);
          crl->set_number(held.number);
          crl->set_is_delta(held.is_delta);
        }
        return out.Write(page);
      });
}

grpc::ServerUnaryReactor* ReplicationService::Apply(
    grpc::CallbackServerContext* context, const v1::ApplyRequest* request,
    v1::ApplyResponse* response) {
  return rpc::Unary(dispatcher_, context, rpc::Role::kPush,
                    [=, this](const rpc::Identity&) -> absl::Status {
                      for (const auto& message : request->updates()) {
                        const BlockOutcome outcome =
                            replica_.Apply(rpc::FromProto(message));
                        auto* result = response->add_results();
                        result->set_block_id(message.block_id());
                        result->set_version(outcome.version);
                        result->set_accepted(outcome.accepted);
                        result->set_detail(outcome.detail);
                      }
                      return absl::OkStatus();
                    });
}

grpc::ServerReadReactor<v1::PutCrlRequest>* ReplicationService::PutCrl(
    grpc::CallbackServerContext* context, v1::PutCrlResponse* response) {
  return rpc::ClientStream<v1::PutCrlRequest>(
      dispatcher_, context, rpc::Role::kPush,
      [=, this](const rpc::Identity&,
                rpc::Reader<v1::PutCrlRequest>& in) -> absl::Status {
        ASSIGN_OR_RETURN(const HeldCrl facts, ReadFacts(in));
        v1::PutCrlRequest part;
        const auto next = [&]() -> absl::StatusOr<std::optional<base::Bytes>> {
          ASSIGN_OR_RETURN(const bool more, in.Read(part));
          if (!more) return std::nullopt;
          if (!part.has_data()) {
            return absl::InvalidArgumentError("facts: in a later message");
          }
          return base::AsBytes(part.data());
        };
        ASSIGN_OR_RETURN(const uint64_t number, replica_.PutCrl(facts, next));
        response->set_number(number);
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* ReplicationService::PutHead(
    grpc::CallbackServerContext* context, const v1::PutHeadRequest* request,
    v1::PutHeadResponse* response) {
  return rpc::Unary(dispatcher_, context, rpc::Role::kPush,
                    [=, this](const rpc::Identity&) -> absl::Status {
                      ASSIGN_OR_RETURN(
                          const HeadStatus status,
                          replica_.PutHead({.head = request->head().head(),
                                            .index = request->head().index()}));
                      response->set_satisfied_head_micros(OnWire(status.met));
                      response->set_reflected_size(status.reflected_size);
                      response->set_blocks_behind(status.blocks_behind);
                      response->set_ready(status.ready);
                      return absl::OkStatus();
                    });
}

grpc::ServerUnaryReactor* ReplicationService::GetStatus(
    grpc::CallbackServerContext* context, const v1::GetStatusRequest*,
    v1::GetStatusResponse* response) {
  return rpc::Unary(
      dispatcher_, context, rpc::Role::kRead,
      [=, this](const rpc::Identity&) -> absl::Status {
        const ReplicaStatus status = replica_.Status();
        response->set_blocks(status.blocks);
        response->set_certificates(status.certificates);
        response->set_newest_version(status.newest_version);
        response->set_crls(status.crls);
        response->set_ready(status.ready);
        response->set_satisfied_head_micros(OnWire(status.head.met));
        response->set_reflected_size(status.head.reflected_size);
        response->set_blocks_behind(status.head.blocks_behind);
        response->set_http_address(http_address_);
        response->set_version(rpc::kVersion);
        return absl::OkStatus();
      });
}

}  // namespace chancery::responder
