#ifndef CHANCERY_RPC_AUDIT_LOG_OPEN_CONFIGURED_H_
#define CHANCERY_RPC_AUDIT_LOG_OPEN_CONFIGURED_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "rpc/audit_log/audit_log.h"
#include "rpc/identity.h"
#include "rpc/log.h"

namespace chancery::config {
class AuditLogFile;
class TlsIdentity;
}  // namespace chancery::config

namespace chancery::rpc {

// InvalidArgument names the field: a size without a path.
absl::Status CheckAuditLog(const config::AuditLogFile& file);

// InvalidArgument names the field, its value and the rule: a path in a folder
// that is none. Writes nothing.
absl::Status CheckAuditFolder(const config::AuditLogFile& file);

// The log of the service `own`, whose checkpoints its key signs; null if none
// is configured. Errors as AuditLog::Open.
absl::StatusOr<std::unique_ptr<AuditLog>> OpenAuditLog(
    const config::AuditLogFile& file, const config::TlsIdentity& identity,
    const Identity& own, const base::Clock& clock, const Log& log);

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_AUDIT_LOG_OPEN_CONFIGURED_H_
