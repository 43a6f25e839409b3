#ifndef CHANCERY_REFRESHER_GRPC_SIGNER_CLIENT_H_
#define CHANCERY_REFRESHER_GRPC_SIGNER_CLIENT_H_

#include <memory>
#include <stop_token>

#include "absl/time/time.h"
#include "refresher/signer_client.h"

namespace grpc {
class Channel;
}

namespace chancery::refresher {

// SignerClient over gRPC. Calls end with DeadlineExceeded after `deadline`; a
// block or CRL that is to be signed has ten times as long. Once `stop` is
// requested, all end with Cancelled.
std::unique_ptr<SignerClient> MakeGrpcSignerClient(
    std::shared_ptr<grpc::Channel> channel, absl::Duration deadline,
    std::stop_token stop = {});

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_GRPC_SIGNER_CLIENT_H_
