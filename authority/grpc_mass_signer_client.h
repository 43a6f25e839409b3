#ifndef CHANCERY_AUTHORITY_GRPC_MASS_SIGNER_CLIENT_H_
#define CHANCERY_AUTHORITY_GRPC_MASS_SIGNER_CLIENT_H_

#include <memory>

#include "absl/time/time.h"
#include "authority/mass_signer_client.h"

namespace grpc {
class Channel;
}

namespace chancery::authority {

// MassSignerClient over gRPC. A call that takes longer than `deadline` is
// Unavailable.
std::unique_ptr<MassSignerClient> MakeGrpcMassSignerClient(
    std::shared_ptr<grpc::Channel> channel, absl::Duration deadline);

}  // namespace chancery::authority

#endif  // CHANCERY_AUTHORITY_GRPC_MASS_SIGNER_CLIENT_H_
