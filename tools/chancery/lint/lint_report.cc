#include "tools/chancery/lint/lint_report.h"

#include "absl/strings/str_cat.h"
#include "tools/chancery/json.h"
#include "tools/chancery/text.h"

namespace chancery::cli {
namespace {

using policy::lints::Finding;
using policy::lints::Linted;
using policy::lints::Severity;
using policy::lints::SeverityName;

size_t ObjectCount(const std::vector<LintedFile>& files) {
  size_t count = 0;
  for (const LintedFile& file : files) count += file.objects.size();
  return count;
}

std::string Counted(size_t count, absl::string_view what) {
  return absl::StrCat(count, " ", what, count == 1 ? "" : "s");
}

void AppendObject(const std::string& path, size_t number, const Linted& object,
                  std::string& out) {
  if (object.findings.empty()) return;
  absl::StrAppend(&out, Printable(path), ", object ", number, ": ",
                  policy::lints::KindName(object.kind));
  if (!object.title.empty()) {
    absl::StrAppend(&out, " ", Printable(object.title));
  }
  if (!object.number.empty()) absl::StrAppend(&out, ", ", object.number);
  absl::StrAppend(&out, "\n");
  for (const Finding& finding : object.findings) {
    absl::StrAppend(&out, "  ", SeverityName(finding.lint->severity), " ",
                    finding.lint->name, " (", finding.lint->source,
                    "): ", finding.lint->rule, ": ", Printable(finding.found),
                    "\n");
  }
}

JsonObject ToJson(const Finding& finding) {
  return JsonObject()
      .SetText("lint", finding.lint->name)
      .SetText("severity", SeverityName(finding.lint->severity))
      .SetText("source", finding.lint->source)
      .SetText("rule", finding.lint->rule)
      .SetText("found", finding.found);
}

JsonObject ToJson(const std::string& path, size_t number,
                  const Linted& object) {
  std::vector<JsonObject> findings;
  for (const Finding& finding : object.findings) {
    findings.push_back(ToJson(finding));
  }
  return JsonObject()
      .SetText("file", path)
      .SetNumber("object", static_cast<int64_t>(number))
      .SetText("kind", policy::lints::KindName(object.kind))
      .SetText("title", object.title)
      .SetText("number", object.number)
      .SetObjects("findings", findings);
}

}  // namespace

size_t CountOf(const std::vector<LintedFile>& files, Severity severity) {
  size_t count = 0;
  for (const LintedFile& file : files) {
    for (const Linted& object : file.objects) {
      for (const Finding& finding : object.findings) {
        count += finding.lint->severity == severity ? 1 : 0;
      }
    }
  }
  return count;
}

std::string LintReportText(const std::vector<LintedFile>& files) {
  std::string out;
  for (const LintedFile& file : files) {
    for (size_t i = 0; i < file.objects.size(); ++i) {
      AppendObject(file.path, i + 1, file.objects[i], out);
    }
  }
  absl::StrAppend(&out, Counted(ObjectCount(files), "object"), ": ",
                  Counted(CountOf(files, Severity::kError), "error"), ", ",
                  Counted(CountOf(files, Severity::kWarning), "warning"), ", ",
                  Counted(CountOf(files, Severity::kNotice), "notice"), "\n");
  return out;
}

std::string LintReportJson(const std::vector<LintedFile>& files) {
  std::vector<JsonObject> objects;
  for (const LintedFile& file : files) {
    for (size_t i = 0; i < file.objects.size(); ++i) {
      objects.push_back(ToJson(file.path, i + 1, file.objects[i]));
    }
  }
  JsonObject counts;
  for (const Severity severity :
       {Severity::kError, Severity::kWarning, Severity::kNotice}) {
    counts.SetNumber(SeverityName(severity),
                     static_cast<int64_t>(CountOf(files, severity)));
  }
  return JsonObject()
      .SetObjects("objects", objects)
      .SetObject("counts", counts)
      .Print();
}

}  // namespace chancery::cli
