#ifndef CHANCERY_AUTHORITY_SIGNER_ERRORS_H_
#define CHANCERY_AUTHORITY_SIGNER_ERRORS_H_

#include "absl/status/status.h"
#include "grpcpp/support/status.h"

namespace chancery::authority {

// What a call to the signer returned, as the client may have it: Unavailable is
// to be repeated; Internal is a signer that refuses us rather than the client.
// That the limit on revocations is reached, and what is wrong with an order, is
// the client's to know.
absl::Status FromSigner(const grpc::Status& status);

}  // namespace chancery::authority

#endif  // CHANCERY_AUTHORITY_SIGNER_ERRORS_H_
