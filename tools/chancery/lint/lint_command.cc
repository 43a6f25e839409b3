#include "tools/chancery/lint/lint_command.h"

#include <cstddef>
#include <ostream>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "policy/lints/linter.h"
#include "policy/lints/registry.h"
#include "tools/chancery/lint/lint_report.h"
#include "tools/chancery/text.h"

namespace chancery::cli {
namespace {

// CRLs are the largest.
constexpr size_t kMaxFile = size_t{1} << 30;

// Says which could not be read, whatever lints were chosen: a check must not
// pass on what it did not look at.
bool AllReadable(const std::vector<LintedFile>& files, std::ostream& err) {
  bool all = true;
  for (const LintedFile& file : files) {
    for (size_t i = 0; i < file.objects.size(); ++i) {
      if (!file.objects[i].unreadable) continue;
      err << "chancery lint: " << Printable(file.path) << ", object " << i + 1
          << ": could not be read\n";
      all = false;
    }
  }
  return all;
}

absl::Status InOption(absl::string_view option, absl::string_view value,
                      const absl::Status& rule) {
  if (rule.ok()) return rule;
  return absl::InvalidArgumentError(
      absl::StrCat(option, ": value `", value, "`: ", rule.message()));
}

}  // namespace

void LintCommand::Declare(OptionSet& options) {
  options.AddTexts({.name = "file",
                    .value = "FILE ...",
                    .help = "DER, or PEM with any number of objects. Which "
                            "kind each is, it says itself"},
                   files_);
  options.AddTexts({.name = "--set",
                    .value = "NAME ...",
                    .help = "Only this set of lints, such as rfc5280 or br; "
                            "may be repeated. Without it, all"},
                   sets_);
  options.AddTexts({.name = "--ignore",
                    .value = "LINT ...",
                    .help = "Not this lint; may be repeated"},
                   ignored_);
  options.AddText({.name = "--level",
                   .value = "LEVEL",
                   .help = "Only findings from this level on: notice, warning "
                           "or error"},
                  level_);
  options.AddFlag({.name = "--json", .help = "Print JSON"}, json_);
  options.AddFlag({.name = "--list",
                   .help = "Print the table of all lints, and do nothing else"},
                  list_);
}

absl::StatusOr<policy::lints::Selection> LintCommand::Chosen() const {
  const auto from = policy::lints::SeverityFromName(level_);
  RETURN_IF_ERROR(InOption("--level", level_, from.status()));
  policy::lints::Selection chosen;
  if (sets_.empty()) chosen = policy::lints::Selection::All(*from);
  for (const std::string& set : sets_) {
    RETURN_IF_ERROR(InOption("--set", set, chosen.Add(set, *from)));
  }
  for (const std::string& lint : ignored_) {
    RETURN_IF_ERROR(InOption("--ignore", lint, chosen.Except(lint)));
  }
  return chosen;
}

absl::Status LintCommand::Check() const {
  if (list_ && json_) {
    return absl::InvalidArgumentError("--list: prints a table, not --json");
  }
  if (list_) return absl::OkStatus();
  if (files_.empty()) {
    return absl::InvalidArgumentError("name at least one file");
  }
  return Chosen().status();
}

absl::StatusOr<bool> LintCommand::Run(const Environment& environment) {
  if (list_) {
    environment.out << policy::lints::LintTable();
    return true;
  }
  ASSIGN_OR_RETURN(const policy::lints::Selection chosen, Chosen());
  absl::Status unread;
  std::vector<LintedFile> files;
  for (const std::string& path : files_) {
    const auto contents = base::ReadFile(path, kMaxFile);
    if (contents.ok()) {
      files.push_back({.path = path,
                       .objects = policy::lints::LintFile(*contents, chosen)});
    } else {
      unread.Update(contents.status());
    }
  }
  environment.out << (json_ ? LintReportJson(files) : LintReportText(files));
  const bool readable = AllReadable(files, environment.err);
  RETURN_IF_ERROR(unread);
  return readable && CountOf(files, policy::lints::Severity::kError) == 0;
}

}  // namespace chancery::cli
