#ifndef CHANCERY_AUTHORITY_GRPC_PUBLISHER_H_
#define CHANCERY_AUTHORITY_GRPC_PUBLISHER_H_

#include <memory>

#include "authority/publisher.h"

namespace grpc {
class Channel;
}

namespace chancery::authority {

// Publisher by way of a refresher.
std::unique_ptr<Publisher> MakeGrpcPublisher(
    std::shared_ptr<grpc::Channel> channel);

}  // namespace chancery::authority

#endif  // CHANCERY_AUTHORITY_GRPC_PUBLISHER_H_
