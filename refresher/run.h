#ifndef CHANCERY_REFRESHER_RUN_H_
#define CHANCERY_REFRESHER_RUN_H_

#include "absl/status/status.h"
#include "rpc/process.h"

namespace chancery::config {
class Refresher;
}

namespace chancery::refresher {

// Follow, refresh, make CRLs and fill every responder, once; then end.
inline constexpr char kOnceSwitch[] = "once";

// Works until the process is to stop. With --once: OK if everything is fresh at
// every responder, FailedPrecondition or Unavailable says what is not.
// Checks the files that it names: identity, the audit log's folder.
// InvalidArgument and FailedPrecondition name the field, the file and the rule.
absl::Status CheckFiles(const config::Refresher& config);

absl::Status Run(const config::Refresher& config, rpc::Process& process);

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_RUN_H_
