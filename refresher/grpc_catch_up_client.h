#ifndef CHANCERY_REFRESHER_GRPC_CATCH_UP_CLIENT_H_
#define CHANCERY_REFRESHER_GRPC_CATCH_UP_CLIENT_H_

#include <memory>

#include "absl/time/time.h"
#include "refresher/catch_up_client.h"

namespace grpc {
class Channel;
}

namespace chancery::refresher {

// Each call ends at `deadline`.
std::unique_ptr<CatchUpClient> MakeGrpcCatchUpClient(
    const std::shared_ptr<grpc::Channel>& channel, absl::Duration deadline);

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_GRPC_CATCH_UP_CLIENT_H_
