// What a restart must not forget: how much an identity whose rate is limited
// was let issue in the last hour. The audit log says it.
#ifndef CHANCERY_RPC_RECALL_ISSUE_RATES_H_
#define CHANCERY_RPC_RECALL_ISSUE_RATES_H_

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "rpc/issue_rates.h"
#include "rpc/roles.h"

namespace chancery::config {
class AuditLogFile;
}

namespace chancery::rpc {

// InvalidArgument names the field: a limited rate without a log to remember it.
absl::Status CheckIssueRates(const config::AuditLogFile& file,
                             const RoleTable& roles);

// Counts what the log at `path` says that those in `roles` whose rate is
// limited were let issue in the hour before `now`. AuditLog::Open comes first:
// it checks the newest files and drops what a crash left unfinished. Older
// files, read only if they reach into the hour, are taken as they are; what was
// done to them `chancery audit log verify` tells.
// Errors name the file.
absl::Status RecallIssueRates(const std::string& path, const RoleTable& roles,
                              absl::Time now, IssueRates& rates);

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_RECALL_ISSUE_RATES_H_
