#include "rpc/audit_log/open_configured.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "chancery/config/common.pb.h"
#include "rpc/audit_log/checkpoint.h"
#include "rpc/config.h"

namespace chancery::rpc {
namespace {

// One file is read whole at each start.
constexpr uint32_t kMaxMb = 1024;

}  // namespace

absl::Status CheckAuditLog(const config::AuditLogFile& file) {
  if (file.path().empty() && file.max_mb() != 0) {
    return ConfigError("audit_log.path", "", "is required with max_mb");
  }
  if (file.max_mb() > kMaxMb) {
    return ConfigError("audit_log.max_mb", absl::StrCat(file.max_mb()),
                       absl::StrCat("at most ", kMaxMb));
  }
  return absl::OkStatus();
}

absl::Status CheckAuditFolder(const config::AuditLogFile& file) {
  if (file.path().empty()) return absl::OkStatus();
  const std::filesystem::path path(file.path());
  const std::filesystem::path folder =
      path.has_parent_path() ? path.parent_path() : ".";
  std::error_code error;
  if (std::filesystem::is_directory(folder, error)) return absl::OkStatus();
  return ConfigError("audit_log.path", file.path(),
                     absl::StrCat("there is no folder ", folder.string(),
                                  ": make it, its owner's alone"));
}

absl::StatusOr<std::unique_ptr<AuditLog>> OpenAuditLog(
    const config::AuditLogFile& file, const config::TlsIdentity& identity,
    const Identity& own, const base::Clock& clock, const Log& log) {
  if (file.path().empty()) return std::unique_ptr<AuditLog>();
  AuditLog::Options options;
  options.path = file.path();
  options.service = own.uri;
  if (file.max_mb() != 0) options.max_bytes = uint64_t{file.max_mb()} << 20;
  options.key = [identity] { return LoadCheckpointKey(identity); };
  return AuditLog::Open(std::move(options), clock, log);
}

}  // namespace chancery::rpc
