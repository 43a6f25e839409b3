#include "policy/lints/lint.h"

namespace chancery::policy::lints {

absl::string_view SeverityName(Severity severity) {
  switch (severity) {
    case Severity::kNotice:
      return "notice";
    case Severity::kWarning:
      return "warning";
    case Severity::kError:
      return "error";
  }
  return "error";
}

absl::string_view LintInfo::set() const {
  const absl::string_view text = name;
  return text.substr(0, text.find('_'));
}

absl::string_view LintInfo::object() const {
  absl::string_view text = name;
  text.remove_prefix(set().size() + 1);
  return text.substr(0, text.find('_'));
}

}  // namespace chancery::policy::lints
