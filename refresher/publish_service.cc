#include "refresher/publish_service.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "refresher/freshness_strip.h"
#include "rpc/convert/block_update.h"
#include "rpc/unary.h"

namespace chancery::refresher {
namespace {

constexpr uint32_t kMaxWaitMs = 10'000;
constexpr int kMaxUpdates = 1'000;

// -1: it has never been.
int64_t AgeSeconds(absl::Time time, absl::Time now) {
  return time == absl::InfinitePast() ? -1 : absl::ToInt64Seconds(now - time);
}

void ToProto(const ResponderState& state, absl::Time now,
             v1::ResponderState* out) {
  out->set_name(state.name);
  out->set_address(state.address);
  out->set_reachable(state.reachable);
  out->set_detail(state.detail);
  out->set_blocks(state.blocks);
  out->set_blocks_behind(state.blocks_behind);
  out->set_newest_version(state.newest_version);
  out->set_staleness_seconds(AgeSeconds(state.caught_up_at, now));
  out->set_crls(state.crls);
  out->set_ready(state.head.ready);
  out->set_head_age_seconds(AgeSeconds(state.head.met, now));
  out->set_reflected_size(state.head.reflected_size);
  out->set_http_address(state.http_address);
  out->set_version(state.version);
}

}  // namespace

grpc::ServerUnaryReactor* PublishService::Publish(
    grpc::CallbackServerContext* context, const v1::PublishRequest* request,
    v1::PublishResponse* response) {
  return rpc::Unary(
      dispatcher_, context, rpc::Role::kPublish,
      [=, this](const rpc::Identity&) -> absl::Status {
        if (request->wait_ms() > kMaxWaitMs) {
          return absl::InvalidArgumentError(absl::StrCat(
              "wait_ms: ", request->wait_ms(), ": at most ", kMaxWaitMs));
        }
        if (request->updates_size() > kMaxUpdates) {
          return absl::InvalidArgumentError(
              absl::StrCat("updates: ", request->updates_size(),
                           " of them: at most ", kMaxUpdates));
        }
        ASSIGN_OR_RETURN(
            const Acknowledged acknowledged,
            publisher_.Publish(rpc::FromProto(request->updates()),
                               absl::Milliseconds(request->wait_ms())));
        response->set_acknowledged(acknowledged.responders);
        response->set_total(acknowledged.total);
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* PublishService::GetCluster(
    grpc::CallbackServerContext* context, const v1::GetClusterRequest*,
    v1::GetClusterResponse* response) {
  return rpc::Unary(
      dispatcher_, context, rpc::Role::kRead,
      [=, this](const rpc::Identity&) -> absl::Status {
        ASSIGN_OR_RETURN(const ClusterState state, describe_());
        for (const ResponderState& responder : state.responders) {
          v1::ResponderState* const out = response->add_responders();
          ToProto(responder, state.now, out);
          out->set_freshness(
              FreshnessStrip(state.block_times, responder, state.now));
        }
        response->set_blocks(state.blocks);
        response->set_oldest_refresh_at_seconds(
            state.oldest_refresh_at == absl::InfiniteFuture()
                ? 0
                : absl::ToUnixSeconds(state.oldest_refresh_at));
        response->set_ledger_size_followed(state.ledger_size_followed);
        response->set_head_age_seconds(AgeSeconds(state.head, state.now));
        if (state.blocks_by_former_key.has_value()) {
          response->set_blocks_by_former_key(*state.blocks_by_former_key);
        }
        return absl::OkStatus();
      });
}

}  // namespace chancery::refresher
