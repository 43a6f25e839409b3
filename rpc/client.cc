#include "rpc/client.h"

#include <chrono>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "chancery/config/common.pb.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/support/channel_arguments.h"
#include "rpc/address.h"
#include "rpc/config.h"
#include "rpc/flow_control.h"
#include "rpc/identity.h"

namespace chancery::rpc {
namespace {

int Milliseconds(absl::Duration duration) {
  return int(absl::ToInt64Milliseconds(duration));
}

grpc::ChannelArguments Arguments(const ChannelOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(int(options.max_message_bytes));
  arguments.SetMaxSendMessageSize(int(options.max_message_bytes));
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS,
                   Milliseconds(options.min_backoff));
  // In spite of its name: how long connecting and the handshake may take.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5'000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS,
                   Milliseconds(options.max_backoff));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(options.keepalive));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                   Milliseconds(options.keepalive_timeout));
  arguments.SetInt(GRPC_ARG_ENABLE_PER_MESSAGE_COMPRESSION, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_CHANNELZ, 0);
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kStreamWindowBytes);
  // Nothing from outside of the configuration: no $http_proxy, no DNS records.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  // A connection belongs to the credentials that it was made with.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return arguments;
}

}  // namespace

absl::Status CheckTarget(absl::string_view field,
                         const config::Target& target) {
  const auto address = ParseAddress(target.address());
  if (!address.ok()) {
    return ConfigError(absl::StrCat(field, ".address"), target.address(),
                       address.status().message());
  }
  const auto peer = ParseIdentity(target.expected_uri());
  if (!peer.ok()) {
    return ConfigError(absl::StrCat(field, ".expected_uri"),
                       target.expected_uri(), peer.status().message());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(
    absl::string_view field, const config::Target& target,
    const Credentials& credentials, const ChannelOptions& options) {
  RETURN_IF_ERROR(CheckTarget(field, target));
  ASSIGN_OR_RETURN(const Address address, ParseAddress(target.address()));
  const std::string name = FormatAddress(address);
  return grpc::CreateCustomChannel(
      address.is_unix() ? name : absl::StrCat("dns:///", name),
      credentials.ForPeer(target.expected_uri()), Arguments(options));
}

void SetTimeout(grpc::ClientContext& context, absl::Duration timeout) {
  context.set_deadline(std::chrono::system_clock::now() +
                       absl::ToChronoMilliseconds(timeout));
}

}  // namespace chancery::rpc
