// What `chancery lint` found, for people and for programs.
#ifndef CHANCERY_TOOLS_CHANCERY_LINT_LINT_REPORT_H_
#define CHANCERY_TOOLS_CHANCERY_LINT_LINT_REPORT_H_

#include <cstddef>
#include <string>
#include <vector>

#include "policy/lints/lint.h"
#include "policy/lints/linter.h"

namespace chancery::cli {

struct LintedFile {
  std::string path = {};
  std::vector<policy::lints::Linted> objects = {};
};

// Findings of just this severity.
size_t CountOf(const std::vector<LintedFile>& files,
               policy::lints::Severity severity);

// A paragraph for each object that has findings, and a line of totals.
std::string LintReportText(const std::vector<LintedFile>& files);

// {"objects": [{"file", "object", "kind", "title", "number", "findings":
// [{"lint", "severity", "source", "rule", "found"}]}], "counts": {...}}.
std::string LintReportJson(const std::vector<LintedFile>& files);

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_LINT_LINT_REPORT_H_
