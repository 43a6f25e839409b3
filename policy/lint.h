// A check on something that this system is about to sign, or has signed and not
// yet given out (TRUST 2.5): on the bytes, read back, not on what was meant.
// These are the rules that always hold here, and those that take the issuer or
// the ledger to judge. What standards say of anybody's objects is in
// policy/lints/, from which profiles and issuers choose.
#ifndef CHANCERY_POLICY_LINT_H_
#define CHANCERY_POLICY_LINT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace chancery::policy {

// Every lint is an error: what breaks one is not given out.
template <typename... Subjects>
struct Lint {
  const char* id;
  const char* source;  // The section that it comes from.
  // Empty when it passes; otherwise what is wrong.
  std::string (*check)(const Subjects&... subjects);
};

// The first that fails, as InternalError: what we made and breaks one is our
// fault, never the client's. OK if all pass.
template <typename... Subjects>
absl::Status RunLints(const std::vector<Lint<Subjects...>>& lints,
                      const Subjects&... subjects) {
  for (const Lint<Subjects...>& lint : lints) {
    const std::string wrong = lint.check(subjects...);
    if (!wrong.empty()) {
      return absl::InternalError(
          absl::StrCat("lint ", lint.id, " (", lint.source, "): ", wrong));
    }
  }
  return absl::OkStatus();
}

}  // namespace chancery::policy

#endif  // CHANCERY_POLICY_LINT_H_
