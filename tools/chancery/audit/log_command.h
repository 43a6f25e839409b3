// chancery audit log: whether an audit log is what its service wrote.
#ifndef CHANCERY_TOOLS_CHANCERY_AUDIT_LOG_COMMAND_H_
#define CHANCERY_TOOLS_CHANCERY_AUDIT_LOG_COMMAND_H_

#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace chancery::cli {

struct AuditLogOptions {
  std::vector<std::string> words = {};    // "log", "verify" or "anchor", files.
  std::vector<std::string> anchors = {};  // Files of checkpoint lines.
  std::string trust_file = {};            // The service CA, PEM.
  std::string out_file = {};              // Where `anchor` keeps it.
  bool json = false;
};

// InvalidArgument: they do not go together.
absl::Status CheckAuditLog(const AuditLogOptions& options);

// verify: prints what it found; false if anything is wrong. anchor: the same,
// and if nothing is, adds the newest checkpoint to `out_file`, or prints it.
// Errors: a file that cannot be read or is no anchor, no checkpoint to keep.
absl::StatusOr<bool> RunAuditLog(const AuditLogOptions& options,
                                 std::ostream& out);

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_AUDIT_LOG_COMMAND_H_
