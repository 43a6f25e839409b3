#ifndef CHANCERY_REFRESHER_GRPC_RESPONDER_CLIENT_H_
#define CHANCERY_REFRESHER_GRPC_RESPONDER_CLIENT_H_

#include <memory>

#include "absl/time/time.h"
#include "refresher/responder_client.h"

namespace grpc {
class Channel;
}

namespace chancery::refresher {

// ResponderClient over gRPC. Updates are split into messages of a few
// megabytes. A call ends after `deadline`; a CRL has a second more for each
// megabyte.
std::unique_ptr<ResponderClient> MakeGrpcResponderClient(
    std::shared_ptr<grpc::Channel> channel, absl::Duration deadline);

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_GRPC_RESPONDER_CLIENT_H_
