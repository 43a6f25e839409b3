// Regular expressions over names.
#ifndef CHANCERY_POLICY_NAME_PATTERN_H_
#define CHANCERY_POLICY_NAME_PATTERN_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace re2 {
class RE2;
}  // namespace re2

namespace chancery::policy {

// Of RE2's syntax, matched in time linear in the name: no pattern and no name
// can make it slow. Immutable, cheap to copy; thread-safe.
class NamePattern {
 public:
  enum class Where { kWhole, kAnywhere };

  // InvalidArgument: no regular expression, or one of over 1,024 bytes; the
  // message is the rule, the caller knows the field.
  static absl::StatusOr<NamePattern> Create(absl::string_view pattern,
                                            Where where);

  bool Matches(absl::string_view name) const;
  const std::string& text() const;
  // It matches in the middle of a name though it may not be meant to.
  bool unanchored() const;

 private:
  NamePattern(std::shared_ptr<const re2::RE2> expression, Where where)
      : expression_(std::move(expression)), where_(where) {}

  std::shared_ptr<const re2::RE2> expression_;
  Where where_;
};

}  // namespace chancery::policy

#endif  // CHANCERY_POLICY_NAME_PATTERN_H_
