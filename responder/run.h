#ifndef CHANCERY_RESPONDER_RUN_H_
#define CHANCERY_RESPONDER_RUN_H_

#include "absl/status/status.h"
#include "rpc/process.h"

namespace chancery::config {
class Responder;
}

namespace chancery::responder {

// InvalidArgument names the field, its value and the rule. Nothing is opened.
absl::Status CheckConfig(const config::Responder& config);

// The same of the files that it names: identity, key set roots, the audit log's
// folder.
absl::Status CheckFiles(const config::Responder& config);

// Reads key set and cache and serves until the process is to stop.
absl::Status Run(const config::Responder& config, rpc::Process& process);

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_RUN_H_
