#ifndef CHANCERY_AUTHORITY_GRPC_SIGNER_CLIENT_H_
#define CHANCERY_AUTHORITY_GRPC_SIGNER_CLIENT_H_

#include <memory>

#include "absl/time/time.h"
#include "authority/signer_client.h"

namespace grpc {
class Channel;
}

namespace chancery::authority {

// SignerClient over gRPC. A call that takes longer than `deadline` is
// Unavailable; a signer that refuses us, rather than the client, is Internal.
std::unique_ptr<SignerClient> MakeGrpcSignerClient(
    std::shared_ptr<grpc::Channel> channel, absl::Duration deadline);

}  // namespace chancery::authority

#endif  // CHANCERY_AUTHORITY_GRPC_SIGNER_CLIENT_H_
