#include "tools/chancery/audit/log_command.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "rpc/audit_log/record.h"
#include "rpc/audit_log/verifier.h"
#include "tools/chancery/json.h"
#include "x509/certificate/pem.h"

namespace chancery::cli {
namespace {

constexpr size_t kMaxLog = size_t{2} << 30;
constexpr char kVerify[] = "verify";
constexpr char kAnchor[] = "anchor";

absl::Status In(const std::string& path, const absl::Status& status) {
  return absl::Status(status.code(),
                      absl::StrCat(path, ": ", status.message()));
}

// The sequence of its first line; of a file without one: the last.
uint64_t Beginning(const std::string& content) {
  const auto line = rpc::ParseAuditLine(content.substr(0, content.find('\n')));
  return line.ok() ? line->sequence : UINT64_MAX;
}

absl::Status AddAnchors(const std::string& path, rpc::AuditVerifier& verifier) {
  ASSIGN_OR_RETURN(const std::string content, base::ReadFile(path));
  bool any = false;
  for (const absl::string_view line : absl::StrSplit(content, '\n')) {
    if (line.empty()) continue;
    const absl::Status added = verifier.AddAnchor(line);
    if (!added.ok()) return In(path, added);
    any = true;
  }
  if (any) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": there is no anchor in it"));
}

absl::StatusOr<rpc::AuditVerification> Verify(const AuditLogOptions& options) {
  rpc::AuditVerifier::Options trust;
  if (!options.trust_file.empty()) {
    ASSIGN_OR_RETURN(const std::string pem, base::ReadFile(options.trust_file));
    const auto ca = x509::DerOrPem("CERTIFICATE", pem);
    if (!ca.ok()) return In(options.trust_file, ca.status());
    trust.service_ca = *ca;
  }
  rpc::AuditVerifier verifier(trust);
  for (const std::string& path : options.anchors) {
    RETURN_IF_ERROR(AddAnchors(path, verifier));
  }
  // In the log's order, however a shell sorts them.
  std::vector<std::pair<uint64_t, std::string>> files;
  for (size_t i = 2; i < options.words.size(); ++i) {
    ASSIGN_OR_RETURN(const std::string content,
                     base::ReadFile(options.words[i], kMaxLog));
    files.emplace_back(Beginning(content), options.words[i]);
  }
  std::stable_sort(
      files.begin(), files.end(),
      [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [first, path] : files) {
    ASSIGN_OR_RETURN(const std::string content, base::ReadFile(path, kMaxLog));
    verifier.AddFile(path, content);
  }
  return verifier.Finish();
}

std::string Place(const rpc::AuditFinding& finding) {
  if (finding.file.empty()) return "the log";
  return absl::StrCat(finding.file, ":", finding.line);
}

std::string ToText(const rpc::AuditVerification& result) {
  std::string out;
  for (const rpc::AuditFinding& finding : result.findings) {
    absl::StrAppend(&out, Place(finding), ": ", finding.what, "\n");
  }
  absl::StrAppend(
      &out, result.lines, " lines of ", result.service, ", sequence ",
      result.first_sequence, " to ", result.last_sequence, "; ",
      result.checkpoints, " checkpoints, ", result.unsigned_lines,
      " lines after the last; ", result.anchors, " anchors agree\n");
  for (const std::string& note : result.notes) {
    absl::StrAppend(&out, "Note: ", note, ".\n");
  }
  absl::StrAppend(&out, result.findings.empty() ? "Nothing is wrong.\n" : "");
  return out;
}

std::string ToJson(const rpc::AuditVerification& result,
                   bool identities_checked) {
  std::vector<JsonObject> findings;
  for (const rpc::AuditFinding& finding : result.findings) {
    JsonObject one;
    one.SetText("file", finding.file)
        .SetNumber("line", static_cast<int64_t>(finding.line))
        .SetText("what", finding.what);
    findings.push_back(one);
  }
  JsonObject all;
  all.SetText("service", result.service)
      .SetNumber("lines", static_cast<int64_t>(result.lines))
      .SetNumber("first_sequence", static_cast<int64_t>(result.first_sequence))
      .SetNumber("last_sequence", static_cast<int64_t>(result.last_sequence))
      .SetNumber("checkpoints", static_cast<int64_t>(result.checkpoints))
      .SetNumber("unsigned_lines", static_cast<int64_t>(result.unsigned_lines))
      .SetNumber("anchors", static_cast<int64_t>(result.anchors))
      .SetObjects("findings", findings)
      .SetBool("identities_checked", identities_checked)
      .SetTexts("notes", result.notes);
  return all.Print();
}

// Added to those that are there, so that each may be compared later.
absl::Status Keep(const std::string& path, const std::string& checkpoint) {
  std::string content;
  auto before = base::ReadFile(path);
  if (before.ok()) {
    content = *std::move(before);
  } else if (!absl::IsNotFound(before.status())) {
    return before.status();
  }
  absl::StrAppend(&content, checkpoint, "\n");
  return base::WriteFileAtomically(path, base::AsBytes(content), 0600);
}

}  // namespace

absl::Status CheckAuditLog(const AuditLogOptions& options) {
  const auto& words = options.words;
  if (words.size() < 3 || words[0] != "log" ||
      (words[1] != kVerify && words[1] != kAnchor)) {
    return absl::InvalidArgumentError(
        "say `audit log verify FILE...` or `audit log anchor FILE...`");
  }
  if (words[1] == kVerify && !options.out_file.empty()) {
    return absl::InvalidArgumentError("--out is for `audit log anchor`");
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> RunAuditLog(const AuditLogOptions& options,
                                 std::ostream& out) {
  ASSIGN_OR_RETURN(const rpc::AuditVerification result, Verify(options));
  const bool right = result.findings.empty();
  if (options.words[1] == kVerify || !right) {
    out << (options.json ? ToJson(result, !options.trust_file.empty())
                         : ToText(result));
    return right;
  }
  if (result.newest_checkpoint.empty()) {
    return absl::FailedPreconditionError(
        "there is no checkpoint in it: the service signs one a minute after "
        "it wrote something, and at its end");
  }
  if (options.out_file.empty()) {
    out << result.newest_checkpoint << "\n";
    return true;
  }
  RETURN_IF_ERROR(Keep(options.out_file, result.newest_checkpoint));
  return true;
}

}  // namespace chancery::cli
