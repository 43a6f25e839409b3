#include "rpc/recall_issue_rates.h"

#include <algorithm>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "chancery/config/common.pb.h"
#include "rpc/audit_log/log_files.h"
#include "rpc/audit_log/record.h"
#include "rpc/config.h"
#include "rpc/hourly_count.h"

namespace chancery::rpc {
namespace {

// Counts what `content` says; whether it begins before `since`. Only lines that
// have one of `marks` are parsed: of a busy hour few are of those limited.
bool Count(absl::string_view content, const std::vector<std::string>& marks,
           absl::Time since, IssueRates& rates) {
  const auto first = ParseAuditLine(
      content.substr(0, std::min(content.find('\n'), content.size())));
  for (const absl::string_view text : absl::StrSplit(content, '\n')) {
    const bool marked = std::any_of(
        marks.begin(), marks.end(),
        [text](const auto& mark) { return absl::StrContains(text, mark); });
    if (!marked) continue;
    const auto line = ParseAuditLine(text);
    if (!line.ok()) continue;
    const AuditRecord& record = line->record;
    if (record.event == AuditEvent::kAllowed &&
        record.role == RoleName(Role::kIssue) && record.time >= since) {
      rates.Add(record.identity, record.time);
    }
  }
  return first.ok() && first->record.time < since;
}

}  // namespace

absl::Status CheckIssueRates(const config::AuditLogFile& file,
                             const RoleTable& roles) {
  const std::vector<std::string> limited = roles.WithLimitedRate();
  if (limited.empty() || !file.path().empty()) return absl::OkStatus();
  return ConfigError(
      "audit_log.path", "",
      absl::StrCat("is required with max_issued_per_hour, which ", limited[0],
                   " has: a restart reads there what the hour had"));
}

absl::Status RecallIssueRates(const std::string& path, const RoleTable& roles,
                              absl::Time now, IssueRates& rates) {
  std::vector<std::string> marks;
  for (const std::string& uri : roles.WithLimitedRate()) {
    marks.push_back(absl::StrCat("\"identity\":\"", uri, "\""));
  }
  if (marks.empty()) return absl::OkStatus();
  const absl::Time since = now - HourlyCount::Reach();
  const std::vector<std::string> files = AuditLogFiles(path);
  for (auto file = files.rbegin(); file != files.rend(); ++file) {
    ASSIGN_OR_RETURN(const std::string content,
                     base::ReadFile(*file, kMaxLogFile));
    if (Count(content, marks, since, rates)) break;
  }
  return absl::OkStatus();
}

}  // namespace chancery::rpc
