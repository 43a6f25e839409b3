#ifndef CHANCERY_AUTHORITY_RUN_H_
#define CHANCERY_AUTHORITY_RUN_H_

#include "absl/status/status.h"
#include "rpc/process.h"

namespace chancery::config {
class Authority;
}

namespace chancery::authority {

// InvalidArgument names the field, its value and the rule. Nothing is opened.
absl::Status CheckConfig(const config::Authority& config);

// The same of the files that it names: identity, HMAC keys, the audit log's
// folder.
absl::Status CheckFiles(const config::Authority& config);

// Serves until the process is to stop. The signer need not be there yet.
absl::Status Run(const config::Authority& config, rpc::Process& process);

}  // namespace chancery::authority

#endif  // CHANCERY_AUTHORITY_RUN_H_
