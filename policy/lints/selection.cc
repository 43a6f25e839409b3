#include "policy/lints/selection.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "policy/lints/registry.h"

namespace chancery::policy::lints {

Selection Selection::All(Severity from) {
  Selection all;
  for (const std::string& set : SetNames()) all.sets_[set] = from;
  return all;
}

absl::Status Selection::Add(absl::string_view set, Severity from) {
  const auto& names = SetNames();
  if (std::find(names.begin(), names.end(), set) == names.end()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "there is no such set of lints, but ", absl::StrJoin(names, ", ")));
  }
  sets_[std::string(set)] = from;
  return absl::OkStatus();
}

absl::Status Selection::Except(absl::string_view lint) {
  if (FindLint(lint) == nullptr) {
    return absl::InvalidArgumentError(
        "there is no such lint: chancery lint --list has them all");
  }
  exceptions_.insert(std::string(lint));
  return absl::OkStatus();
}

bool Selection::Selects(const LintInfo& lint) const {
  const auto found = sets_.find(lint.set());
  return found != sets_.end() && lint.severity >= found->second &&
         exceptions_.find(absl::string_view(lint.name)) == exceptions_.end();
}

absl::StatusOr<Severity> SeverityFromName(absl::string_view name) {
  for (const Severity severity :
       {Severity::kNotice, Severity::kWarning, Severity::kError}) {
    if (name == SeverityName(severity)) return severity;
  }
  return absl::InvalidArgumentError("must be one of notice, warning, error");
}

}  // namespace chancery::policy::lints
