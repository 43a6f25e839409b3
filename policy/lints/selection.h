// Which lints count: sets, each from a severity on, and exceptions.
#ifndef CHANCERY_POLICY_LINTS_SELECTION_H_
#define CHANCERY_POLICY_LINTS_SELECTION_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "policy/lints/lint.h"

namespace chancery::policy::lints {

// Immutable once built; thread-safe.
class Selection {
 public:
  // Selects nothing.
  Selection() = default;

  // All sets.
  static Selection All(Severity from);

  // InvalidArgument says that there is none of this name, and which there are;
  // the caller knows where it is written.
  absl::Status Add(absl::string_view set, Severity from);
  absl::Status Except(absl::string_view lint);

  bool Selects(const LintInfo& lint) const;
  bool empty() const { return sets_.empty(); }

 private:
  std::map<std::string, Severity, std::less<>> sets_;
  std::set<std::string, std::less<>> exceptions_;
};

// InvalidArgument says that it is none of "notice", "warning", "error".
absl::StatusOr<Severity> SeverityFromName(absl::string_view name);

}  // namespace chancery::policy::lints

#endif  // CHANCERY_POLICY_LINTS_SELECTION_H_
