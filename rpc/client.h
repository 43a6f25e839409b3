// Calling a gRPC server whose identity is known beforehand.
//
//   ASSIGN_OR_RETURN(std::shared_ptr<grpc::Channel> channel,
//                    MakeChannel("signer", config.signer(), credentials));
//   grpc::ClientContext context;
//   SetTimeout(context, absl::Seconds(5));
#ifndef CHANCERY_RPC_CLIENT_H_
#define CHANCERY_RPC_CLIENT_H_

#include <cstddef>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "rpc/credentials.h"

namespace grpc {
class Channel;
class ClientContext;
}  // namespace grpc
namespace chancery::config {
class Target;
}

namespace chancery::rpc {

struct ChannelOptions {
  size_t max_message_bytes = 16 << 20;
  // Between attempts to connect; doubles, with jitter.
  absl::Duration min_backoff = absl::Milliseconds(100);
  absl::Duration max_backoff = absl::Seconds(5);
  // A peer that is silent for both is taken for dead.
  absl::Duration keepalive = absl::Seconds(30);
  absl::Duration keepalive_timeout = absl::Seconds(10);
};

// InvalidArgument names what is wrong in `target`, which is at `field` in the
// configuration.
absl::Status CheckTarget(absl::string_view field, const config::Target& target);

// Connects with the first call, and again whenever it must. Proxies and DNS
// service configurations are not used. Errors as in CheckTarget.
absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(
    absl::string_view field, const config::Target& target,
    const Credentials& credentials, const ChannelOptions& options = {});

// The call ends with DeadlineExceeded after `timeout`. Every call has one.
void SetTimeout(grpc::ClientContext& context, absl::Duration timeout);

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_CLIENT_H_
