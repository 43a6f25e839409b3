#include "tools/chancery/audit/report_text.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tools/chancery/json.h"
#include "tools/chancery/text.h"

namespace chancery::cli {

std::string AuditText(const audit::AuditReport& report) {
  std::string out;
  for (const audit::Finding& finding : report.findings.kept()) {
    absl::StrAppend(&out, audit::Name(finding.kind), ": ",
                    Printable(finding.text), "\n");
    for (const auto& [name, value] : finding.evidence) {
      absl::StrAppend(&out, "    ", name, ": ", Printable(value), "\n");
    }
  }
  if (!report.findings.empty()) {
    std::vector<std::vector<std::string>> rows;
    for (const auto& [kind, count] : report.findings.counts()) {
      rows.push_back({audit::Name(kind), absl::StrCat(count)});
    }
    absl::StrAppend(&out, "\n", FormatTable({"FINDING", "COUNT"}, rows));
  }
  for (const std::string& line : report.not_checked) {
    absl::StrAppend(&out, "NOT CHECKED: ", Printable(line), "\n");
  }
  std::vector<std::pair<std::string, std::string>> facts;
  for (const auto& [name, count] : report.checked) {
    facts.emplace_back(absl::StrReplaceAll(name, {{"_", " "}}),
                       absl::StrCat(count));
  }
  facts.emplace_back("ledger root", report.ledger_root);
  absl::StrAppend(&out, out.empty() ? "" : "\n", FormatFacts(facts));
  if (report.clean()) absl::StrAppend(&out, "\nNothing is wrong.\n");
  return out;
}

std::string AuditJson(const audit::AuditReport& report) {
  std::vector<JsonObject> findings;
  for (const audit::Finding& finding : report.findings.kept()) {
    JsonObject evidence;
    for (const auto& [name, value] : finding.evidence) {
      evidence.SetText(name, value);
    }
    findings.push_back(JsonObject()
                           .SetText("name", audit::Name(finding.kind))
                           .SetText("text", finding.text)
                           .SetObject("evidence", evidence));
  }
  JsonObject counts;
  for (const auto& [kind, count] : report.findings.counts()) {
    counts.SetNumber(audit::Name(kind), static_cast<int64_t>(count));
  }
  JsonObject checked;
  for (const auto& [name, count] : report.checked) {
    checked.SetNumber(name, static_cast<int64_t>(count));
  }
  return JsonObject()
      .SetBool("clean", report.clean())
      .SetObjects("findings", findings)
      .SetObject("counts", counts)
      .SetTexts("not_checked", report.not_checked)
      .SetObject("checked", checked)
      .SetNumber("ledger_size", static_cast<int64_t>(report.ledger_size))
      .SetText("ledger_root", report.ledger_root)
      .Print();
}

}  // namespace chancery::cli
