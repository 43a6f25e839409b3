#ifndef CHANCERY_SIGNER_RUN_H_
#define CHANCERY_SIGNER_RUN_H_

#include "absl/status/status.h"
#include "rpc/process.h"

namespace chancery::config {
class Signer;
}

namespace chancery::signer {

// Opens keys and ledger and serves until the process is to stop.
absl::Status Run(const config::Signer& config, rpc::Process& process);

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_RUN_H_
